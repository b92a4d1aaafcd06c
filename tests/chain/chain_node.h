// A node whose pods are started by the real cnitool, as a runtime starts them.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/support/process.h"
#include "tests/support/scratch_netns.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_node.h"

namespace catena::test {

using nlohmann::json;

// What cnitool takes from its environment.
struct PodOptions {
  std::string if_name = "eth0";
  json capabilities;                                                  // CAP_ARGS; null: none
  std::string args;                                                   // CNI_ARGS
  std::vector<std::pair<std::string, std::string>> environment = {};  // what else
};
std::vector<std::pair<std::string, std::string>> variables_of(const PodOptions& options);

// cnitool keeps its results in /var/lib/cni; these tests see an empty one of their own.
class ChainNode {
 public:
  ChainNode();

  const ScratchNetNs& node() const { return topology_.node; }
  // The next hop of the node's default route; it has routes to 172.30.0.0/16 and fd00:30::/48.
  const ScratchNetNs& outside() const { return topology_.outside; }
  std::string state_dir(const std::string& network = "chain") const;
  std::string dir() const { return topology_.dir(); }

  // Writes the conflist where cnitool looks.
  void install(const json& conflist) const;
  // A conflist with catena-vpc-route alone, `overrides` merged into that plugin's object.
  json conflist(const std::string& version, const json& overrides = json::object(),
                const std::string& network = "chain") const;
  // conflist/<file> with podCIDRs and stateDir of this node.
  json shipped(const std::string& file) const;

  Outcome cnitool(const std::string& verb, const std::string& network, const std::string& netns,
                  const PodOptions& options = {}) const;
  // The result; fails the running test when the ADD fails.
  json add(const std::string& network, const ScratchNetNs& pod,
           const PodOptions& options = {}) const;
  void check(const std::string& network, const ScratchNetNs& pod,
             const PodOptions& options = {}) const;
  void del(const std::string& network, const ScratchNetNs& pod,
           const PodOptions& options = {}) const;

  // What pods leave on a node: links, routes, rules, guard entries, portmap's rules for a pod,
  // cached results, bound addresses of the stores. Empty when nothing is left.
  std::string leftovers() const;

 private:
  std::string bound_addresses() const;

  TestNode topology_;
};

// Where scripts/tools puts it.
std::string cnitool_path();
// Whether the real cnitool is there and not the stand-in of scripts/tools.
bool has_real_cnitool();

// "172.30.1.5" of the n-th address of a result.
std::string address_in(const json& result, std::size_t index = 0);

// python3's HTTP server in a namespace; "GET /" answers `content`. Ends with the object.
class HttpServer {
 public:
  HttpServer(const ScratchNetNs& where, const std::string& content, int port = 80);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  HttpServer(HttpServer&&) = delete;
  HttpServer& operator=(HttpServer&&) = delete;
  ~HttpServer();

 private:
  TempDir root_;
  pid_t child_ = -1;
};

// The body of http://<host>:<port>/, asked from `where`; empty when there is no answer.
std::string http_get(const ScratchNetNs& where, const std::string& host, int port = 80);

}  // namespace catena::test
