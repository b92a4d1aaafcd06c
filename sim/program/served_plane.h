// The data plane with the cloud's services in every node: metadata at 100.100.100.200, the OpenAPI
// at 100.100.0.1, both on port 80 of the node's own lo.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sim/netns_plane.h"
#include "sim/plane.h"
#include "sim/program/http_server.h"

namespace catena::sim {

inline constexpr const char* kMetadataAddress = "100.100.100.200";
// The real OpenAPI has names that resolve inside the VPC to addresses of 100.64.0.0/10; this one
// stands for them.
inline constexpr const char* kOpenApiAddress = "100.100.0.1";

std::vector<base::IpAddress> service_addresses();

struct NodeServices {
  HttpServer::Handler openapi;
  std::function<Answer(const std::string& instance, const ReceivedRequest&)> metadata;
};

class ServedPlane : public Plane {
 public:
  // All outlive this; the plane has service_addresses().
  ServedPlane(NetnsPlane& plane, HttpServer& server, NodeServices services)
      : plane_(plane), server_(server), services_(std::move(services)) {}

  base::Status add_node(const PlaneNode& node) override;
  base::Status remove_node(const std::string& id) override;

  base::Status add_switch(const PlaneSwitch& vswitch) override {
    return plane_.add_switch(vswitch);
  }
  base::Status plug(const std::string& node, const PlaneNic& nic) override {
    return plane_.plug(node, nic);
  }
  base::Status unplug(const std::string& nic) override { return plane_.unplug(nic); }
  base::Status set_addresses(const std::string& nic,
                             const std::vector<base::Prefix>& addresses) override {
    return plane_.set_addresses(nic, addresses);
  }
  base::Status set_routes(const std::vector<PlaneRoute>& routes) override {
    return plane_.set_routes(routes);
  }

 private:
  base::Status serve_in(const PlaneNode& node);

  NetnsPlane& plane_;
  HttpServer& server_;
  NodeServices services_;
  std::map<std::string, std::vector<int>> listeners_;  // by node
};

}  // namespace catena::sim
