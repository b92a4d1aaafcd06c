#include "agent/gc_shaping.h"

#include <algorithm>

#include "common/netlink/netns.h"
#include "common/shaping/record.h"

namespace catena::agent {
namespace {

using base::ErrorKind;
using base::Status;

// A record is made while both are there, so no ADD is at work any more.
bool is_dead(const shaping::Record& record, netlink::Socket& node) {
  const auto netns = netlink::NetNs::open(record.netns);
  const bool netns_gone = !netns.ok() && (netns.error().is(ErrorKind::kNotFound) ||
                                          netns.error().is(ErrorKind::kBadNetns));
  const auto is_gone = [&node](const shaping::Pipe& pipe) {
    const auto link = node.find_link(pipe.host_link);
    return !link.ok() && link.error().is(ErrorKind::kNotFound);
  };
  return netns_gone && std::ranges::all_of(record.shaped.pipes, [&](const shaping::Pipe& pipe) {
           return pipe.host_link.empty() || is_gone(pipe);
         });
}

Status remove(const shaping::Records& records, netlink::Socket& node,
              const shaping::Record& record) {
  TRY(shaping::remove(node, nullptr, record.shaped));
  return records.remove(record.shaped.container_id, record.shaped.if_name);
}

}  // namespace

void sweep_shaping(const std::string& state_dir, netlink::Socket& node, const GcOptions& options,
                   Collected& collected) {
  const shaping::Records records(state_dir);
  std::vector<std::string> unreadable;
  const auto all = records.list(unreadable);
  if (!all.ok()) {
    collected.failures.push_back(all.error());
    return;
  }
  for (std::string& text : unreadable) {
    collected.doubtful.push_back({"shaping", std::move(text), "it can't be read"});
  }
  for (const shaping::Record& record : *all) {
    if (!is_dead(record, node)) {
      continue;
    }
    collected.garbage.push_back(
        {"shaping", record.shaped.container_id + " " + record.shaped.if_name,
         "its namespace " + record.netns + " and its links on the node are gone"});
    if (options.dry_run) {
      continue;
    }
    if (Status removed = remove(records, node, record); !removed.ok()) {
      collected.failures.push_back(std::move(removed).error());
    }
  }
}

}  // namespace catena::agent
