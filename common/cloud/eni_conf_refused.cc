#include "common/cloud/eni_conf_refused.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/text.h"
#include "common/cloud/loose_fields.h"

namespace catena::cloud {
namespace {

using base::Error;
using base::ErrorKind;
using base::Fields;

struct RefusedKey {
  std::string_view key;
  std::string_view reason;
};

constexpr std::string_view kEip = "elastic IPs of pods are not managed; Terway gave them up too";
constexpr std::string_view kOwnEnis =
    "only ENIs that Catena created and recorded are used, all others are left alone anyway";
constexpr std::string_view kNoSticking =
    "addresses are not kept for a StatefulSet's next pod; the one free for longest is given out";

constexpr std::array kRefused{
    RefusedKey{"eni_tag_filter", kOwnEnis},
    RefusedKey{"eni_tag_block_list", kOwnEnis},
    RefusedKey{"enable_eni_trunking", "trunk and member ENIs are not supported"},
    RefusedKey{"enable_erdma", "ERDMA is not supported"},
    RefusedKey{"custom_stateful_workload_kinds", kNoSticking},
    RefusedKey{"backoff_override",
               "waits follow the deadline of each call and what the cloud answers"},
    RefusedKey{"extra_routes",
               "all traffic of a pod already goes to its gateway; routes beside it are not set"},
    RefusedKey{"kube_client_qps", "the API server is watched, not polled: there is no rate to set"},
    RefusedKey{"kube_client_burst",
               "the API server is watched, not polled: there is no rate to set"},
    RefusedKey{
        "enable_patch_pod_ips",
        "NetworkPolicy does not need the annotation k8s.aliyun.com/pod-ips; set it to false"},
    RefusedKey{"enable_eip_pool", kEip},
    RefusedKey{"enable_eip_migrate", kEip},
    RefusedKey{"allow_eip_rob", kEip},
};

void refuse(std::vector<std::string>& said, const Fields& fields, std::string_view key,
            std::string_view reason) {
  said.push_back(fields.path_of(key) + ": not supported: " + std::string(reason));
}

// Switches whose other position is the one that Catena has.
base::Status check_positions(Fields& fields, std::vector<std::string>& said) {
  if (TRY(loose_boolean(fields, "hot_plug")) == false) {
    refuse(said, fields, "hot_plug",
           "ENIs are attached when pods need them; limit them by max_eni");
  }
  const std::string ipam = TRY(loose_text(fields, "ipam_type")).value_or("default");
  if (ipam == "crd") {
    refuse(said, fields, "ipam_type",
           "addresses are kept on the node, not in custom resources; leave the key out");
  } else if (ipam != "default") {
    return fields.bad_value("ipam_type", "\"default\"");
  }
  if (TRY(loose_text(fields, "ip_stack")) == "ipv6") {
    refuse(said, fields, "ip_stack", "an ENI always has an IPv4 address; use \"dual\"");
  }
  return {};
}

}  // namespace

base::Status refuse_what_is_not_done(Fields& fields) {
  std::vector<std::string> said;
  for (const RefusedKey& refused : kRefused) {
    if (!is_off(fields, refused.key)) {
      refuse(said, fields, refused.key, refused.reason);
    }
  }
  for (const std::string& key : fields.keys()) {
    if (key.starts_with("eip_") && !is_off(fields, key)) {
      refuse(said, fields, key, kEip);
    }
  }
  TRY(check_positions(fields, said));
  if (said.empty()) {
    return {};
  }
  return Error(ErrorKind::kBadConfig, base::join(said, "; "))
      .advice(said.size() == 1 ? "remove the key" : "remove these keys");
}

}  // namespace catena::cloud
