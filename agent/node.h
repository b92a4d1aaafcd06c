// What duties work with on a real node: found from the metadata service, eni.conf and the
// environment.
#pragma once

#include <memory>
#include <string>

#include "agent/duty.h"
#include "common/base/result.h"

namespace catena::agent {

struct NodeOptions {
  std::string state_dir = "/var/lib/catena";
  std::string eni_conf;      // empty: kEniConf where that is there
  std::string cluster;       // empty: CATENA_CLUSTER, then "default"
  std::string api = "none";  // agent/api.h says what it may be
  std::string node_name;     // at the API server
};

inline constexpr const char* kEniConf = "/etc/eni/eni.json";

class Node {
 public:
  // Asks the metadata service (10 s for each item at most); makes the state directory. Errors say
  // which of metadata, eni.conf and environment is wrong.
  static base::Result<Node> open(const NodeOptions& options);
  Node(Node&&) noexcept;
  Node& operator=(Node&&) noexcept;
  ~Node();

  // Each thread needs one of its own.
  ipam::Store open_store() const;
  cloud::Client& client();
  cloud::Metadata& metadata();
  const Settings& settings() const;
  KnownTypes& types();
  // eni.conf's: how often store and cloud are to be compared.
  Millis sync_period() const;
  // Of eni.conf and the credentials, for the log.
  std::vector<std::string> notices() const;

 private:
  struct Parts;
  explicit Node(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace catena::agent
