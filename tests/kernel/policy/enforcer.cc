#include "tests/kernel/policy/enforcer.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <memory>

#include "tests/support/must.h"
#include "tests/support/netpol/reference.h"
#include "tests/support/paths.h"

namespace catena::test::netpol {
namespace {

using firewall::Place;

constexpr const char* kNic = "eth0";

// In the calling thread's namespace.
firewall::Policies opened(Place place) { return must(firewall::Policies::open(place)); }

firewall::Table opened_table() { return must(firewall::Table::open()); }

void add_entries(const std::string& link, const catena::netpol::Subject& subject,
                 std::vector<firewall::Entry>& entries) {
  std::ranges::transform(subject.addresses, std::back_inserter(entries),
                         [&link](const base::IpAddress& address) {
                           return firewall::Entry{link, address};
                         });
}

firewall::Xtables xtables_of_this_build() {
  return firewall::Xtables(bin_dir() + "/catena-xtables");
}

}  // namespace

Rig& Rigs::of(Way way) {
  std::unique_ptr<Rig>& rig = rigs_[way];
  if (!rig) {
    rig = std::make_unique<Rig>();
  }
  return *rig;
}

Enforcer::Enforcer(Rig& rig, Way way) : rig_(rig), way_(way) {
  if (way == Way::kNftables) {
    rig_.node().run([this] {
      must(opened_table().ensure_guard());
      policies_.emplace(opened(Place::kNode));
    });
  }
}

void Enforcer::go_to(const Cluster& cluster) {
  rig_.seat(cluster);
  compiled_.go_to(cluster);
  if (is_in_pods(way_)) {
    for (const auto& [id, subject] : compiled_.rules().subjects) {
      write_in_pod(id);
    }
  } else {
    write_on_node();
  }
  begun_ = true;
}

void Enforcer::write_on_node() {
  const catena::netpol::Rules& rules = compiled_.rules();
  const catena::netpol::Changes changes = compiled_.compiler().take_changes();
  if (policies_.has_value()) {
    std::vector<firewall::Entry> entries;
    for (const auto& [id, subject] : rules.subjects) {
      add_entries(rig_.link(id), subject, entries);
    }
    must(begun_ ? policies_->apply(changes, entries) : policies_->sync(rules, entries));
  } else {
    base::Status written;
    rig_.node().run([&] { written = xtables_of_this_build().sync(rules); });
    must(written);
  }
}

void Enforcer::write_in_pod(const std::string& id) {
  const catena::netpol::Rules own = catena::netpol::only(compiled_.rules(), id);
  std::vector<firewall::Entry> entries;
  add_entries(kNic, own.subjects.at(id), entries);
  base::Status written;
  rig_.pod(id).run([&] {
    if (way_ == Way::kIptablesInPods) {
      written = xtables_of_this_build().on_nic(kNic).sync(own);
      return;
    }
    must(opened_table().ensure_nic_guard(kNic));
    written = opened(Place::kPodNic).sync(own, entries);
  });
  must(written);
}

bool Enforcer::can_ask(const Flow& flow) const {
  return rig_.can_ask(flow) && !(is_in_pods(way_) && rig_.is_node(flow.source));
}

Judge the_kernel(Rig& rig, Way way) {
  return [&rig, enforcer = std::make_shared<Enforcer>(rig, way)](const Cluster& cluster,
                                                                 const std::vector<Flow>& flows) {
    enforcer->go_to(cluster);
    std::vector<Flow> asked;
    std::ranges::copy_if(flows, std::back_inserter(asked),
                         [&](const Flow& flow) { return enforcer->can_ask(flow); });
    const std::vector<bool> arrived = rig.arrive(asked);
    std::vector<bool> answers;
    answers.reserve(flows.size());
    std::size_t next = 0;
    for (const Flow& flow : flows) {
      answers.push_back(enforcer->can_ask(flow) ? arrived[next++] : allowed(cluster, flow));
    }
    return answers;
  };
}

std::string test_name(Way way, const std::string& name) {
  static const std::map<Way, std::string> ways{{Way::kNftables, "nftables"},
                                               {Way::kIptables, "iptables"},
                                               {Way::kNftablesInPods, "nftables in pods"},
                                               {Way::kIptablesInPods, "iptables in pods"}};
  std::string made = ways.at(way) + (name.empty() ? "" : "_") + name;
  std::ranges::replace_if(
      made, [](unsigned char letter) { return std::isalnum(letter) == 0; }, '_');
  return made;
}

}  // namespace catena::test::netpol
