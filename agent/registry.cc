#include "agent/registry.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "agent/answers.h"
#include "agent/bandwidth_follow.h"
#include "agent/conflist.h"
#include "agent/eni_answers.h"
#include "agent/gc.h"
#include "agent/kernel.h"
#include "agent/nics.h"
#include "agent/node_capacity.h"
#include "agent/nodes.h"
#include "agent/pod_wishes.h"
#include "agent/policy/add.h"
#include "agent/policy/show.h"
#include "agent/pool_answers.h"
#include "agent/repair.h"
#include "common/base/file.h"
#include "common/base/text.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using Json = nlohmann::json;

constexpr std::size_t kMostArgs = std::size_t{64} << 10U;  // bytes

constexpr std::array kDuties{
    DutyKind{.name = "bandwidth.follow",
             .purpose = "gives running pods the limits that their annotations say by now",
             .on_node = answer_bandwidth_follow,
             .is_brief = true},
    DutyKind{.name = "conflist",
             .purpose = "writes the runtime's configuration once the node can serve a pod",
             .twins = Twins::kShareAnAnswer,
             .on_node = answer_conflist},
    DutyKind{.name = "describe",
             .purpose = "the instance, its limits and ENIs, the vSwitches, the store",
             .twins = Twins::kShareAnAnswer,
             .with_cloud = answer_describe},
    DutyKind{.name = "eni.capacity",
             .purpose = "how many pods of this node can have an ENI of their own",
             .twins = Twins::kShareAnAnswer,
             .with_cloud = answer_eni_capacity},
    DutyKind{.name = "eni.grow",
             .purpose = "ENIs for so many waiting pods that want one of their own",
             .holds = Holds::kEnis,
             .urgency = Urgency::kPodsWait,
             .twins = Twins::kShareAnAnswer,
             .with_cloud = answer_eni_grow},
    DutyKind{.name = "eni.keep",
             .purpose = "brings the number of idle ENIs between its bounds",
             .holds = Holds::kEnis,
             .urgency = Urgency::kGivesWay,
             .twins = Twins::kShareAnAnswer,
             .with_cloud = answer_eni_keep},
    DutyKind{.name = "gc",
             .purpose = "removes what no live pod of this node owns any more",
             .twins = Twins::kShareAnAnswer,
             .on_node = answer_gc},
    DutyKind{.name = "grow",
             .purpose = "a new ENI, or addresses on one",
             .holds = Holds::kEnis,
             .with_cloud = answer_grow},
    DutyKind{.name = "node.capacity",
             .purpose = "says in the node's status how many aliyun/eni it has",
             .twins = Twins::kShareAnAnswer,
             .on_node = answer_node_capacity},
    DutyKind{.name = "pod.wishes",
             .purpose = "what a pod asks for: an ENI of its own, bandwidths",
             .twins = Twins::kShareAnAnswer,
             .on_node = answer_pod_wishes,
             .at_once = pod_wishes_at_once,
             .is_brief = true},
    DutyKind{.name = "policy.add",
             .purpose = "NetworkPolicies of one pod, in the kernel before it runs",
             .on_node = answer_policy_add,
             .is_brief = true},
    DutyKind{.name = "policy.explain",
             .purpose = "which rule of which policy allows a connection, or that none does",
             .on_node = answer_policy_explain,
             .is_brief = true},
    DutyKind{.name = "policy.show",
             .purpose = "which policies select a pod of this node, and whether the kernel has them",
             .on_node = answer_policy_show,
             .is_brief = true},
    DutyKind{.name = "policy.sync",
             .purpose = "NetworkPolicies of all pods, into the kernel",
             .on_node = answer_policy_sync},
    DutyKind{.name = "pool.grow",
             .purpose = "addresses for so many waiting pods, by what is missing",
             .holds = Holds::kEnis,
             .urgency = Urgency::kPodsWait,
             .twins = Twins::kShareAnAnswer,
             .with_cloud = answer_pool_grow},
    DutyKind{.name = "pool.keep",
             .purpose = "brings the pool of addresses between its bounds",
             .holds = Holds::kEnis,
             .urgency = Urgency::kGivesWay,
             .twins = Twins::kShareAnAnswer,
             .with_cloud = answer_pool_keep},
    DutyKind{.name = "pool.sync",
             .purpose = "compares store, kernel, metadata service and OpenAPI",
             .holds = Holds::kEnis,
             .urgency = Urgency::kGivesWay,
             .twins = Twins::kShareAnAnswer,
             .with_cloud = answer_pool_sync},
    // recover() carries route intents to an end too: nobody else may work on them meanwhile.
    DutyKind{.name = "recover",
             .purpose = "carries to an end what killed and failed calls left",
             .holds = Holds::kEnisAndRoutes,
             .urgency = Urgency::kGivesWay,
             .twins = Twins::kShareAnAnswer,
             .with_cloud = answer_recover},
    DutyKind{.name = "release",
             .purpose = "gives back addresses of an ENI, or all of it",
             .holds = Holds::kEnis,
             .with_cloud = answer_release},
    DutyKind{.name = "repair",
             .purpose = "brings back rules, routes and marks of shared ENIs that are lost",
             .twins = Twins::kShareAnAnswer,
             .on_node = answer_repair},
    DutyKind{.name = "route.ensure",
             .purpose = "makes sure of the VPC's route entry to this node",
             .holds = Holds::kRoutes,
             .twins = Twins::kShareAnAnswer,
             .with_cloud = answer_route_ensure},
    DutyKind{.name = "route.remove",
             .purpose = "removes the VPC's route entry to this node",
             .holds = Holds::kRoutes,
             .twins = Twins::kShareAnAnswer,
             .with_cloud = answer_route_remove},
};

class Locks {
 public:
  static Result<Locks> take(const std::string& state_dir, const DutyKind& duty,
                            const base::Deadline& deadline) {
    Locks locks;
    const Holds holds = duty.holds;
    if (duty.urgency == Urgency::kPodsWait) {
      locks.wanted_ = TRY(base::FileLock::acquire(wanted_path(state_dir), deadline)
                              .context("wait for another call"));
    }
    if (holds == Holds::kEnis || holds == Holds::kEnisAndRoutes) {
      locks.enis_ = TRY(base::FileLock::acquire(state_dir + "/enis.lock", deadline)
                            .context("wait for another call"));
    }
    if (holds == Holds::kRoutes || holds == Holds::kEnisAndRoutes) {
      locks.routes_ = TRY(base::FileLock::acquire(state_dir + "/routes.lock", deadline)
                              .context("wait for another call"));
    }
    return locks;
  }

  // Whether a duty for which pods wait has begun. It holds this lock from its first moment to its
  // end, and the kernel lets go of it when it is killed.
  static bool is_wanted(const std::string& state_dir) {
    const auto lock = base::FileLock::acquire(wanted_path(state_dir), base::Deadline(Millis(0)));
    return !lock.ok() && lock.error().is(ErrorKind::kTryAgain);
  }

 private:
  static std::string wanted_path(const std::string& state_dir) {
    return state_dir + "/grow.wanted";
  }

  std::optional<base::FileLock> wanted_;
  std::optional<base::FileLock> enis_;
  std::optional<base::FileLock> routes_;
};

// What a duty said on the way, beside its result.
struct Spoken {
  Result<Json> result;
  std::vector<std::string> notices;
};

Result<Spoken> perform_on_node(const Request& request, Nodes& nodes, base::Fields& args) {
  LocalDuty duty{.state_dir = nodes.state_dir(),
                 .api = nodes.options().api,
                 .node_name = nodes.options().node_name,
                 .pods = request.pods,
                 .budget = request.budget,
                 .notices = {}};
  Result<Json> result = request.duty->on_node(duty, args);
  return Spoken{std::move(result), std::move(duty.notices)};
}

Result<Spoken> perform_with_cloud(const Request& request, Nodes& nodes, base::Fields& args) {
  const base::Deadline deadline(request.budget);
  const std::shared_ptr<Node> node = TRY(nodes.get());
  const Locks locks = TRY(Locks::take(nodes.state_dir(), *request.duty, deadline));
  ipam::Store store = node->open_store();
  Duty duty(store, node->client(), node->settings(), deadline.left());
  duty.ask_also(&node->metadata(), TRY(asking_the_kernel()));
  duty.look_for_nics(TRY(looking_for_nics()));
  duty.share_types(&node->types());
  if (request.duty->urgency == Urgency::kGivesWay) {
    duty.give_way_when([&nodes] { return Locks::is_wanted(nodes.state_dir()); });
  }
  Result<Json> result = request.duty->with_cloud(duty, args);
  std::vector<std::string> notices = node->notices();
  if (const std::string refused = nodes.refused(); !refused.empty()) {
    notices.push_back(
        "eni.conf can't be used as it is now, and what it said before stays in force: " + refused);
  }
  std::erase_if(notices, [&nodes](const std::string& notice) { return !nodes.is_news(notice); });
  std::ranges::move(duty.take_notices(), std::back_inserter(notices));
  return Spoken{std::move(result), std::move(notices)};
}

}  // namespace

std::span<const DutyKind> duties() { return kDuties; }

Result<const DutyKind*> find_duty(std::string_view name) {
  const auto* const found = std::ranges::find(kDuties, name, &DutyKind::name);
  if (found != kDuties.end()) {
    return found;
  }
  std::vector<std::string> names;
  std::ranges::transform(kDuties, std::back_inserter(names),
                         [](const DutyKind& duty) { return std::string(duty.name); });
  return Error(ErrorKind::kBadConfig, "there is no duty '" + std::string(name) +
                                          "', expected one of: " + base::join(names, ", "));
}

std::optional<Json> answer_at_once(const DutyKind& duty, const std::string& args,
                                   const FindWishes& find) {
  if (duty.at_once == nullptr) {
    return std::nullopt;
  }
  const Result<Json> json = base::parse_json(args, kMostArgs);
  if (!json.ok()) {
    return std::nullopt;
  }
  Result<base::Fields> fields = base::Fields::of(*json, "");
  return fields.ok() ? duty.at_once(find, *fields) : std::nullopt;
}

Result<Json> perform(const Request& request, Nodes& nodes, base::Log& log) {
  const Json json = TRY(base::parse_json(request.args, kMostArgs).context("the arguments"));
  base::Fields args = TRY(base::Fields::of(json, "").context("the arguments"));
  Result<Spoken> spoken = request.duty->with_cloud != nullptr
                              ? perform_with_cloud(request, nodes, args)
                              : perform_on_node(request, nodes, args);
  if (!spoken.ok()) {
    return std::move(spoken).error();
  }
  for (const std::string& notice : spoken->notices) {
    log.warning(notice);
  }
  if (spoken->result.ok() && !spoken->notices.empty()) {
    spoken->result.value()["notices"] = spoken->notices;
  }
  return std::move(spoken->result);
}

}  // namespace catena::agent
