#include "cli/node_conflist.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "cli/conflist.h"
#include "common/base/fields.h"
#include "common/base/file.h"
#include "common/kube/client.h"

namespace catena::cli {
namespace {

using base::Error;
using base::ErrorKind;
using Json = nlohmann::json;

constexpr const char* kVpcRoute = "catena-vpc-route";
constexpr unsigned kConflistMode = 0644;

base::Result<kube::Config> api_of(const Options& options) {
  return options.api == "in-cluster" ? kube::Config::in_cluster()
                                     : kube::Config::from_kubeconfig(options.api);
}

base::Result<Json> pod_cidrs_of(const Options& options) {
  if (options.node.empty()) {
    return Error(ErrorKind::kBadConfig, "no node is named")
        .advice("--node NAME, or NODE_NAME in the environment");
  }
  const kube::Config config = TRY(api_of(options).context("--api"));
  kube::Client api = TRY(kube::Client::create(config));
  const kube::Reference itself{.resource = kube::kNodes, .space = "", .name = options.node};
  const Json node = TRY(api.get(itself).context("ask for podCIDRs"));
  const auto spec = node.find("spec");
  if (spec != node.end() && spec->is_object() && spec->contains("podCIDRs") &&
      !spec->at("podCIDRs").empty()) {
    return spec->at("podCIDRs");
  }
  return Error(ErrorKind::kTryAgain, "node " + options.node + " has no podCIDR yet")
      .advice("kube-controller-manager gives it one with --allocate-node-cidrs");
}

void set_pod_cidrs(Json& conflist, const Json& cidrs) {
  const auto fill = [&cidrs](Json& plugin) {
    if (text_in(plugin, "type") == kVpcRoute) {
      plugin["podCIDRs"] = cidrs;
      plugin.erase("ranges");
    }
  };
  fill(conflist);  // a plugin that is alone in its file
  if (conflist.contains("plugins")) {
    std::ranges::for_each(conflist["plugins"], fill);
  }
}

}  // namespace

base::Result<Report> node_conflist(const Options& options, const std::string& from) {
  if (!options.to.starts_with('/')) {
    return Error(ErrorKind::kBadConfig, "--to '" + options.to + "', expected an absolute path");
  }
  const Conflist conflist = TRY(read_conflist(from));
  Json json = *conflist.json;
  Json cidrs;
  if (conflist.find(kVpcRoute) != nullptr) {
    cidrs = TRY(pod_cidrs_of(options));
    set_pod_cidrs(json, cidrs);
  }
  TRY(base::replace_file(options.to, json.dump(2) + "\n", kConflistMode));
  Report report;
  report.text =
      options.to + ": " + (cidrs.is_null() ? "copied" : "podCIDRs " + cidrs.dump()) + "\n";
  report.json = base::print_json(Json{{"written", options.to}, {"podCIDRs", cidrs}});
  return report;
}

}  // namespace catena::cli
