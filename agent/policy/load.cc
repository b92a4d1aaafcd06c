#include "agent/policy/load.h"

#include <set>

#include <nlohmann/json.hpp>

#include "agent/api.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;
using base::Status;
using Json = nlohmann::json;

Status list(kube::Client& client, const kube::Resource& resource, PolicyObject kind,
            LocalDuty& duty, Cluster& cluster) {
  kube::Selection all;
  all.resource = resource;
  std::set<netpol::Key> listed;
  const kube::ListVisitor visitor{.object =
                                      [&](Json&& object) {
                                        listed.insert(Cluster::key_of(kind, object));
                                        if (Status put = cluster.put(kind, object); !put.ok()) {
                                          duty.notices.push_back(put.error().text());
                                        }
                                      },
                                  .begin = [&listed] { listed.clear(); }};
  TRY(client.list(all, visitor, {.cached = true}));
  // Of a list that was begun anew some may be gone.
  for (const netpol::Key& key : cluster.keys(kind)) {
    if (!listed.contains(key)) {
      cluster.remove(kind, key);
    }
  }
  return {};
}

Status ask_for_all(LocalDuty& duty, const base::Deadline& deadline, Cluster& cluster) {
  kube::Client client = TRY(open_api(duty.api, deadline.left()));
  TRY(list(client, kube::kNetworkPolicies, PolicyObject::kPolicy, duty, cluster));
  TRY(list(client, kube::kNamespaces, PolicyObject::kNamespace, duty, cluster));
  // Peers that no policy can name are none.
  if (!cluster.objects().policies().empty()) {
    TRY(list(client, kube::kPods, PolicyObject::kPod, duty, cluster));
  }
  return cluster.rewrite_snapshot();
}

}  // namespace

Status load_cluster(LocalDuty& duty, const base::Deadline& deadline, Enforcer& enforcer) {
  Cluster& cluster = enforcer.cluster();
  if (!TRY(cluster.load(duty.notices))) {
    Status asked = duty.api == "none"
                       ? Status(Error(ErrorKind::kNotAvailable, "no API server is known"))
                       : ask_for_all(duty, deadline, cluster);
    if (!asked.ok()) {
      return std::move(asked)
          .error()
          .context("nobody knows the cluster's policies: there is no snapshot in " +
                   duty.state_dir + "/policy, and the API server does not tell")
          .as(ErrorKind::kNotAvailable)
          .advice("look whether catena-agent run is alive");
    }
  }
  std::set<base::IpAddress> left;
  return enforcer.read_records(duty.notices, left);
}

}  // namespace catena::agent
