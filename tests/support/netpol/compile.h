// Clusters as tests tell them, through the suite's decoders and compiler.
#pragma once

#include "common/netpol/compiler.h"
#include "tests/support/netpol/cluster.h"

namespace catena::test::netpol {

class Compiled {
 public:
  // One object after the other, those that differ from what was given before. Throws
  // std::runtime_error where a decoder takes an object for none.
  void go_to(const Cluster& cluster);

  catena::netpol::Compiler& compiler() { return compiler_; }
  const catena::netpol::Rules& rules() { return compiler_.rules(); }

 private:
  void take_away(const Cluster& cluster);

  catena::netpol::Compiler compiler_;
  Cluster now_{{"namespaces", nlohmann::json::array()},
               {"pods", nlohmann::json::array()},
               {"policies", nlohmann::json::array()},
               {"locals", nlohmann::json::array()},
               {"node", nlohmann::json::array()}};
};

catena::netpol::Rules compiled(const Cluster& cluster);

std::vector<base::IpAddress> node_of(const Cluster& cluster);

}  // namespace catena::test::netpol
