#include "plugins/vpc-route/manage_route.h"

#include <algorithm>

#include "common/ask/one_shot.h"
#include "common/attachment/add.h"
#include "common/base/file.h"
#include "common/base/text.h"

namespace catena::vpc_route {
namespace {

using base::Error;
using base::ErrorKind;
using std::chrono::milliseconds;

// Within the shortest wait of a runtime for a pod's network (kubelet's RunPodSandbox, 4 min;
// podman and CRI-O wait longer), with room for the rest of ADD.
constexpr milliseconds kPatience{90'000};
// The agent ends by itself, and says why, before it is killed.
constexpr milliseconds kMargin{3'000};

std::vector<base::Prefix> pod_cidrs(const Settings& settings) {
  std::vector<base::Prefix> cidrs;
  for (const ipam::RangeSet& set : settings.sets) {
    for (const ipam::Range& range : set) {
      const base::Prefix cidr(range.subnet.network(), range.subnet.length());
      if (std::ranges::find(cidrs, cidr) == cidrs.end()) {
        cidrs.push_back(cidr);
      }
    }
  }
  return cidrs;
}

std::vector<std::string> arguments_for(const Settings& settings,
                                       const std::vector<base::Prefix>& cidrs,
                                       milliseconds patience) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(patience - kMargin);
  std::vector<std::string> arguments{
      "call",        "route.ensure",
      "--state-dir", settings.state_dir,
      "--deadline",  std::to_string(std::max<long>(seconds.count(), 1))};
  for (const base::Prefix& cidr : cidrs) {
    arguments.insert(arguments.end(), {"--cidr", cidr.to_string()});
  }
  if (!settings.eni_conf.empty()) {
    arguments.insert(arguments.end(), {"--eni-conf", settings.eni_conf});
  }
  if (!settings.route_table.empty()) {
    arguments.insert(arguments.end(), {"--table", settings.route_table});
  }
  return arguments;
}

}  // namespace

base::Result<std::vector<base::Prefix>> missing_routes(ipam::Store& store,
                                                       const Settings& settings) {
  std::vector<base::Prefix> missing;
  for (const base::Prefix& cidr : pod_cidrs(settings)) {
    if (!TRY(store.has_route(cidr))) {
      missing.push_back(cidr);
    }
  }
  return missing;
}

base::Status ensure_routes(const cni::Request& request, const Settings& settings) {
  if (!settings.manage_route) {
    return {};
  }
  ipam::Store store = settings.open_store();
  if (TRY(missing_routes(store, settings)).empty()) {
    return {};
  }
  const base::Deadline deadline(kPatience);
  TRY(base::make_directories(settings.state_dir));
  const base::FileLock flight =
      TRY(base::FileLock::acquire(settings.state_dir + "/manage-route.lock", deadline)
              .context("wait for the pod that makes sure of the VPC route entry"));
  // Whoever had the lock may have done it.
  const std::vector<base::Prefix> missing = TRY(missing_routes(store, settings));
  attachment::log_all(request, store.take_notices());
  if (missing.empty()) {
    return {};
  }
  base::Result<std::string> agent = ask::find_agent(request.args.path);
  if (!agent.ok()) {
    return std::move(agent)
        .error()
        .as(ErrorKind::kTryAgain)
        .context("manageRoute")
        .advice("install it beside the plugins, or set manageRoute to false");
  }
  const auto said =
      ask::run_agent(*agent, arguments_for(settings, missing, deadline.left()), deadline.left());
  return said.ok() ? base::Status() : base::Status(Error(said.error()).context("manageRoute"));
}

}  // namespace catena::vpc_route
