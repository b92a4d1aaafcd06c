#include "common/shaping/queue.h"

#include <algorithm>
#include <array>
#include <optional>

#include "common/shaping/limits.h"

namespace catena::shaping {
namespace {

using base::ErrorKind;
using base::Family;
using base::Result;
using base::Status;
using netlink::Filter;
using netlink::Handle;
using netlink::NetworkFilter;
using netlink::Place;
using netlink::Qdisc;
using netlink::Request;
using Differences = std::vector<std::string>;

// By these we know our own. A root of another number is replaced when a limit is set, and left
// alone otherwise. An htb can't be told later where packets without a filter go, so the two kinds
// have a number each.
constexpr std::uint16_t kTbfMajor = 0xca10;
constexpr std::uint16_t kUnshapedMajor = 0xca20;  // htb, filters for what is not limited
constexpr std::uint16_t kShapedMajor = 0xca30;    // htb, filters for what is
constexpr std::uint16_t kLimitedMinor = 1;

struct FamilyPriority {
  Family family;
  std::uint16_t priority;
};
constexpr std::array<FamilyPriority, 2> kPriorities{{{Family::kIpv4, 4}, {Family::kIpv6, 6}}};

bool only_shaped(const Queue& queue) { return !queue.subnets->shaped.empty(); }

std::uint16_t default_minor(const Queue& queue) { return only_shaped(queue) ? 0 : kLimitedMinor; }

std::uint16_t major_of(const Queue& queue) {
  if (queue.subnets->empty()) {
    return kTbfMajor;
  }
  return only_shaped(queue) ? kShapedMajor : kUnshapedMajor;
}

Handle limited_class(const Queue& queue) { return {major_of(queue), kLimitedMinor}; }

// Absent instead of an error where there is none.
Result<std::optional<Qdisc>> present(const Result<Qdisc>& found) {
  if (found.ok()) {
    return std::optional<Qdisc>(*found);
  }
  return found.error().is(ErrorKind::kNotFound) ? Result<std::optional<Qdisc>>(std::nullopt)
                                                : Result<std::optional<Qdisc>>(found.error());
}

// The root where it is one of ours.
Result<std::optional<Qdisc>> own_root(netlink::Socket& socket, const netlink::Link& link) {
  const auto root = TRY(present(socket.find_qdisc(link, Place::kRoot)));
  const bool ours = root.has_value() && root->handle.minor == 0 &&
                    (root->handle.major == kTbfMajor || root->handle.major == kUnshapedMajor ||
                     root->handle.major == kShapedMajor);
  return ours ? root : std::nullopt;
}

std::vector<NetworkFilter> filters_of(const Queue& queue, Family family) {
  const Handle to = only_shaped(queue) ? limited_class(queue) : Handle{kUnshapedMajor, 0};
  std::vector<NetworkFilter> filters;
  for (const base::Prefix& network :
       only_shaped(queue) ? queue.subnets->shaped : queue.subnets->unshaped) {
    if (network.family() == family) {
      filters.push_back({.network = network, .end = queue.peer, .to = to});
    }
  }
  return filters;
}

Status set_htb(const Queue& queue) {
  const netlink::Tbf numbers = numbers_of(queue.limit, queue.link.mtu);
  const std::uint16_t major = major_of(queue);
  const auto root = TRY(own_root(*queue.socket, queue.link));
  std::vector<Request> requests;
  if (!root.has_value() || root->handle.major != major) {
    requests.push_back(netlink::set_root_htb(queue.link, major, default_minor(queue)));
  }
  requests.push_back(netlink::set_htb_class(queue.link, limited_class(queue), numbers.bucket));
  requests.push_back(
      netlink::set_class_bfifo(queue.link, limited_class(queue), class_queue_of(numbers)));
  for (const FamilyPriority& of : kPriorities) {
    requests.push_back(netlink::delete_network_filters(queue.link, major, of.family, of.priority));
    for (const NetworkFilter& filter : filters_of(queue, of.family)) {
      requests.push_back(netlink::add_network_filter(queue.link, filter, of.priority));
    }
  }
  return queue.socket->send(std::move(requests));
}

void compare_numbers(const Qdisc& found, const netlink::Tbf& expected, const std::string& where,
                     Differences& differences) {
  if (found.rate != expected.bucket.rate) {
    differences.push_back(where + ": rate is " + std::to_string(found.rate) +
                          " bytes/s, expected " + std::to_string(expected.bucket.rate));
  } else if (!netlink::has_bucket(found, expected.bucket)) {
    differences.push_back(where + ": burst is not " + std::to_string(expected.bucket.burst) +
                          " bytes");
  }
}

void compare_limit(const Qdisc& found, std::uint32_t expected, const std::string& where,
                   Differences& differences) {
  if (found.limit != expected) {
    differences.push_back(where + ": queue holds " + std::to_string(found.limit) +
                          " bytes, expected " + std::to_string(expected));
  }
}

bool same_filter(const Filter& found, const NetworkFilter& expected) {
  return found.kind == "u32" && found.to == expected.to && found.keys == netlink::keys_of(expected);
}

Status compare_filters(const Queue& queue, const std::string& where, Differences& differences) {
  const auto found = TRY(queue.socket->list_filters(queue.link, Place::kRoot));
  std::size_t expected_count = 0;
  for (const FamilyPriority& of : kPriorities) {
    for (const NetworkFilter& expected : filters_of(queue, of.family)) {
      ++expected_count;
      if (std::ranges::none_of(found, [&](const Filter& filter) {
            return filter.priority == of.priority && same_filter(filter, expected);
          })) {
        differences.push_back(where + ": the filter for " + expected.network.to_string() +
                              " is gone");
      }
    }
  }
  if (found.size() > expected_count) {
    differences.push_back(where + ": has " + std::to_string(found.size()) + " filters, expected " +
                          std::to_string(expected_count));
  }
  return {};
}

Status compare_htb(const Queue& queue, const std::string& where, Differences& differences) {
  const netlink::Tbf expected = numbers_of(queue.limit, queue.link.mtu);
  const auto limited = TRY(present(queue.socket->find_class(queue.link, limited_class(queue))));
  if (!limited.has_value()) {
    differences.push_back(where + ": the class with the limit is gone");
    return {};
  }
  compare_numbers(*limited, expected, where, differences);
  const auto leaf = TRY(present(queue.socket->find_class_qdisc(queue.link, limited_class(queue))));
  compare_limit(leaf.value_or(Qdisc()), class_queue_of(expected), where, differences);
  return compare_filters(queue, where, differences);
}

}  // namespace

Status set_queue(const Queue& queue) {
  if (queue.limit.rate_bits == 0) {
    return remove_queue(*queue.socket, queue.link);
  }
  if (!queue.subnets->empty()) {
    return set_htb(queue);
  }
  return queue.socket->send(
      netlink::set_root_tbf(queue.link, kTbfMajor, numbers_of(queue.limit, queue.link.mtu)));
}

Status remove_queue(netlink::Socket& socket, const netlink::Link& link) {
  const auto root = TRY(own_root(socket, link));
  if (!root.has_value()) {
    return {};
  }
  Status deleted = socket.send(netlink::delete_root_qdisc(link, root->handle.major));
  const bool gone = !deleted.ok() && deleted.error().is(ErrorKind::kNotFound);
  return gone ? Status() : deleted;
}

Result<Differences> queue_differences(const Queue& queue) {
  Differences differences;
  const std::string where = "limit of " + queue.link.name;
  const auto root = TRY(own_root(*queue.socket, queue.link));
  const bool wanted = queue.limit.rate_bits != 0;
  if (!wanted || !root.has_value()) {
    if (wanted != root.has_value()) {
      differences.push_back(where + (wanted ? " is gone" : ": there should be none"));
    }
    return differences;
  }
  if (root->handle.major != major_of(queue)) {
    differences.push_back(where + ": it is not told apart which networks it is for");
    return differences;
  }
  if (!queue.subnets->empty()) {
    TRY(compare_htb(queue, where, differences));
    return differences;
  }
  const netlink::Tbf expected = numbers_of(queue.limit, queue.link.mtu);
  compare_numbers(*root, expected, where, differences);
  compare_limit(*root, expected.limit, where, differences);
  return differences;
}

}  // namespace catena::shaping
