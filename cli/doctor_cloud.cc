// Whether the cloud can be asked from here: metadata service and credentials.
#include <unistd.h>

#include "cli/doctor.h"
#include "cli/node_cloud.h"
#include "common/base/utc.h"

namespace catena::cli {
namespace {

Finding instance_finding(cloud::Metadata& metadata) {
  const auto id = metadata.instance_id();
  if (!id.ok()) {
    return found("metadata", Verdict::kBad, id.error());
  }
  const auto type = metadata.instance_type();
  const auto zone = metadata.zone();
  return good("metadata", "this is " + *id + (type.ok() ? ", " + *type : "") +
                              (zone.ok() ? ", in " + *zone : ""));
}

void add_credentials(NodeCloud& node, Findings& findings) {
  const auto credentials = node.credentials->get();
  if (!credentials.ok()) {
    findings.push_back(found("credentials", Verdict::kBad, credentials.error()));
    return;
  }
  std::string text = "of " + node.credentials->kind();
  if (credentials->expiration) {
    text += ", until " + base::utc_text(*credentials->expiration);
  }
  findings.push_back(good("credentials", text));
  for (const std::string& notice : node.credentials->notices()) {
    findings.push_back({"credentials", Verdict::kWarning, notice, ""});
  }
}

}  // namespace

Findings examine_cloud(const Options& options) {
  Findings findings;
  auto node = open_node_cloud(options);
  if (!node.ok()) {
    return {found("eni.conf", Verdict::kBad, node.error())};
  }
  findings.push_back(
      good("eni.conf", node->conf_path.empty() ? "there is none: defaults" : node->conf_path));
  for (const std::string& notice : node->conf.notices) {
    findings.push_back({"eni.conf", Verdict::kWarning, notice, ""});
  }
  findings.push_back(instance_finding(*node->metadata));
  add_credentials(*node, findings);
  return findings;
}

}  // namespace catena::cli
