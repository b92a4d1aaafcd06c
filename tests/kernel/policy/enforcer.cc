#include "tests/kernel/policy/enforcer.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <memory>

#include "tests/support/must.h"
#include "tests/support/netpol/reference.h"
#include "tests/support/paths.h"

namespace catena::test::netpol {

Enforcer::Enforcer(Rig& rig, firewall::Backend backend) : rig_(rig) {
  if (backend == firewall::Backend::kNftables) {
    rig_.node().run([this] {
      base::Result<firewall::Policies> opened = firewall::Policies::open(firewall::Place::kNode);
      if (opened.ok()) {
        policies_.emplace(std::move(opened).value());
      }
    });
    if (!policies_.has_value()) {
      throw std::runtime_error("this kernel has no nf_tables");
    }
  }
}

void Enforcer::go_to(const Cluster& cluster) {
  rig_.seat(cluster);
  compiled_.go_to(cluster);
  const catena::netpol::Rules& rules = compiled_.rules();
  const catena::netpol::Changes changes = compiled_.compiler().take_changes();
  if (policies_.has_value()) {
    must(begun_ ? policies_->apply(changes) : policies_->sync(rules));
  } else {
    base::Status written;
    rig_.node().run(
        [&] { written = firewall::Xtables(bin_dir() + "/catena-xtables").sync(rules); });
    must(written);
  }
  begun_ = true;
}

std::vector<bool> packets_pass(Rig& rig, const Cluster& cluster, const std::vector<Flow>& flows) {
  std::vector<Flow> asked;
  std::ranges::copy_if(flows, std::back_inserter(asked),
                       [&](const Flow& flow) { return rig.can_ask(flow); });
  const std::vector<bool> arrived = rig.arrive(asked);
  std::vector<bool> answers;
  answers.reserve(flows.size());
  std::size_t next = 0;
  for (const Flow& flow : flows) {
    answers.push_back(rig.can_ask(flow) ? arrived[next++] : allowed(cluster, flow));
  }
  return answers;
}

Judge the_kernel(Rig& rig, firewall::Backend backend) {
  return [&rig, enforcer = std::make_shared<Enforcer>(rig, backend)](
             const Cluster& cluster, const std::vector<Flow>& flows) {
    enforcer->go_to(cluster);
    return packets_pass(rig, cluster, flows);
  };
}

std::string test_name(firewall::Backend backend, const std::string& name) {
  std::string made = std::string(firewall::name_of(backend)) + "_" + name;
  std::ranges::replace_if(
      made, [](unsigned char letter) { return std::isalnum(letter) == 0; }, '_');
  return made;
}

}  // namespace catena::test::netpol
