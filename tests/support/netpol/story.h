// A cluster of known pods, policies that come and go, and who reaches whom then: told once, asked
// of the reference model, of the compiler and of the kernel.
#pragma once

#include <functional>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/netpol/cluster.h"

namespace catena::test::netpol {

// Nine pods on this node, x/a to z/c, and far/r on another; each has IPv4 and IPv6, labels
// `pod: <name>` and ports 80 and 81 of TCP, UDP and SCTP named serve-80-tcp and so on. Namespaces
// have labels `ns: <name>` and kubernetes.io/metadata.name.
Cluster nine_pods();

// "x/a", "far/r", "node" (this node), "other" (another), "outside" (of the cluster).
base::IpAddress address_at(const std::string& place, base::Family family);
const std::vector<std::string>& places();

using Change = std::function<void(Cluster&)>;
// `spec` is JSON. In the place of the one of that name.
Change policy(const std::string& space, const std::string& name, const std::string& spec);
Change no_policy(const std::string& space, const std::string& name);
// `patch` is merged into the pod or namespace (RFC 7396).
Change pod(const std::string& place, const std::string& patch);
Change no_pod(const std::string& place);
Change space(const std::string& name, const std::string& patch);

// Who reaches whom by that protocol and port. Each line says "deny FROM > TO" or "allow FROM > TO",
// where "*" stands for all nine pods, "x/*" and "*/a" for some; later lines win, and pods of which
// no line speaks reach each other. Of other places only what lines say is asked.
struct Look {
  std::uint8_t protocol = IPPROTO_TCP;
  std::uint16_t port = 80;
  std::optional<base::Family> family{};  // absent: both
  std::vector<std::string> lines;
};
struct Chapter {
  std::vector<Change> changes;
  std::vector<Look> looks;
};
struct Story {
  std::string name;
  std::vector<Chapter> chapters;
};
std::ostream& operator<<(std::ostream& out, const Story& story);

// Whether each flow passes.
using Judge = std::function<std::vector<bool>(const Cluster&, const std::vector<Flow>&)>;
// A sentence for each flow that the judge sees otherwise.
std::vector<std::string> disagreements(const Story& story, const Judge& judge);

// The cases of the upstream e2e suite (docs/netpol.md), by their names there.
std::vector<Story> upstream_stories();
// The API's text, line by line.
std::vector<Story> selection_stories();
std::vector<Story> peer_stories();
std::vector<Story> port_stories();
std::vector<Story> life_stories();

}  // namespace catena::test::netpol
