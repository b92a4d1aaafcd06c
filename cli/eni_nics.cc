#include "cli/eni_nics.h"

#include <algorithm>

#include "cli/doctor.h"
#include "cli/store_view.h"
#include "common/enilink/nic.h"
#include "common/netlink/netns.h"
#include "common/podnic/pod_nic.h"

namespace catena::cli {
namespace {

using base::ErrorKind;

const std::string kSubject = "ENIs of pods";

std::string nic_of(const ipam::Eni& eni) { return "its NIC " + eni.mac.to_string() + " is "; }

Finding misplaced(const ipam::Eni& eni, std::string text, std::string advice) {
  return {eni.id, Verdict::kBad, std::move(text), std::move(advice)};
}

base::Result<Findings> examine(netlink::Socket& node, const ipam::Eni& eni,
                               const ipam::Record* holder) {
  Findings findings;
  const auto here = TRY(enilink::find_nic(node, eni.mac));
  if (holder == nullptr) {
    if (!here.has_value()) {
      findings.push_back(misplaced(
          eni, "no pod has it, but " + nic_of(eni) + "not on the node, so no pod can have it",
          "look in the console whether it is attached; catena-agent call release --eni " + eni.id +
              " gives it back, and takes it from whoever uses it"));
    }
    return findings;
  }
  const std::string pod =
      holder->owner.pod.empty() ? "container " + holder->owner.container_id : holder->owner.pod;
  if (here.has_value()) {
    findings.push_back(
        misplaced(eni, pod + " has it, but " + nic_of(eni) + "on the node as " + here->name,
                  "delete the pod; where it is gone already, catena gc"));
  } else if (TRY(nic_in_pod(eni, *holder)).empty()) {
    findings.push_back(
        misplaced(eni, pod + " has it, but " + nic_of(eni) + "neither in the pod nor on the node",
                  "look in the console whether it is attached, then delete the pod"));
  }
  return findings;
}

base::Result<Findings> examine_all(const Options& options) {
  ipam::Store store = TRY(open_store(options));
  const std::vector<ipam::Eni> enis = TRY(store.cloud()).enis;
  const auto records = TRY(store.list());
  const auto exclusive = std::ranges::count_if(enis, ipam::serves_a_pod);
  if (exclusive == 0) {
    return Findings();
  }
  auto node = TRY(netlink::Socket::open());
  Findings findings = TRY(misplaced_nics(node, enis, records));
  if (findings.empty()) {
    const auto held = std::ranges::count_if(enis, [&records](const ipam::Eni& eni) {
      return ipam::serves_a_pod(eni) && holder_of(eni, records) != nullptr;
    });
    findings.push_back(good(kSubject, std::to_string(held) + " are in pods, " +
                                          std::to_string(exclusive - held) + " on the node"));
  }
  return findings;
}

}  // namespace

const ipam::Record* holder_of(const ipam::Eni& eni, const std::vector<ipam::Record>& records) {
  const auto found = std::ranges::find_if(records, [&eni](const ipam::Record& record) {
    return record.pool == eni.id && record.state == ipam::State::kBound;
  });
  return found == records.end() ? nullptr : &*found;
}

base::Result<std::string> nic_in_pod(const ipam::Eni& eni, const ipam::Record& holder) {
  const auto sandbox = netlink::NetNs::open(holder.owner.netns);
  if (!sandbox.ok()) {
    const bool gone =
        sandbox.error().is(ErrorKind::kNotFound) || sandbox.error().is(ErrorKind::kBadNetns);
    return gone ? base::Result<std::string>(std::string()) : sandbox.error();
  }
  auto pod = TRY(netlink::Socket::open_in(*sandbox));
  const auto nic = TRY(enilink::find_nic(pod, eni.mac));
  return nic.has_value() ? nic->name : std::string();
}

base::Result<std::vector<ipam::Record>> release_all(ipam::Store& store, const ipam::Owner& owner) {
  const auto eni = TRY(store.eni_of(owner.container_id, owner.if_name));
  if (eni.has_value() && eni->mode == ipam::kExclusiveMode) {
    auto node = TRY(netlink::Socket::open());
    TRY(podnic::bring_home(node,
                           {.mac = eni->mac, .if_name = owner.if_name, .netns = owner.netns}));
    return store.release_eni(owner.container_id, owner.if_name);
  }
  return store.release(owner.container_id, owner.if_name);
}

base::Result<Findings> misplaced_nics(netlink::Socket& node, const std::vector<ipam::Eni>& enis,
                                      const std::vector<ipam::Record>& records) {
  Findings findings;
  for (const ipam::Eni& eni : enis) {
    if (ipam::serves_a_pod(eni)) {
      std::ranges::move(TRY(examine(node, eni, holder_of(eni, records))),
                        std::back_inserter(findings));
    }
  }
  return findings;
}

Findings examine_own_nics(const Options& options) {
  auto findings = examine_all(options);
  if (!findings.ok()) {
    // That there is no store yet is told of by another part.
    return findings.error().is(ErrorKind::kNotFound)
               ? Findings()
               : Findings{found(kSubject, Verdict::kUnknown, findings.error())};
  }
  return std::move(*findings);
}

}  // namespace catena::cli
