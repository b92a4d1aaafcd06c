// One running simulation: state directory, data plane, world, gateway, metadata and the sockets by
// which they are reached.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "sim/gateway.h"
#include "sim/metadata_service.h"
#include "sim/netns_plane.h"
#include "sim/program/http_server.h"
#include "sim/program/served_plane.h"
#include "sim/scene.h"
#include "sim/state_dir.h"
#include "sim/world.h"

namespace catena::sim {

struct SimulationOptions {
  Scene scene;
  std::string state_dir;
  base::IpAddress address;  // of the OpenAPI, outside the nodes
  std::uint16_t port = 0;   // 0: the kernel chooses
  std::string prefix;       // of the VPC's namespace: "<prefix>-vpc"
  bool plane = true;        // false: no namespaces, no root
  // Time passes only as calls take it and as the order "advance" says; else it is the machine's.
  bool virtual_time = false;
};

// Where a simulation with that state directory takes orders: a unix socket, HTTP, POST of a JSON
// request to /.
std::string admin_socket_path(const std::string& state_dir);

class Simulation {
 public:
  // Tears down first what a simulation that was killed with the state directory left behind.
  static base::Result<std::unique_ptr<Simulation>> start(SimulationOptions options);
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;
  Simulation(Simulation&&) = delete;
  Simulation& operator=(Simulation&&) = delete;
  ~Simulation();

  // How its clients reach it.
  nlohmann::json reach() const;
  // Serves until `stop_fd` is readable. What goes wrong meanwhile is printed to stderr.
  base::Status run_until(int stop_fd);

 private:
  explicit Simulation(SimulationOptions options, StateDir state, HttpServer server);
  base::Status start_plane();
  base::Status start_world();
  base::Status listen();

  Answer openapi(const ReceivedRequest& received);
  Answer metadata(const std::string& instance, const ReceivedRequest& received);
  Answer outside(const ReceivedRequest& received);
  Answer order(const ReceivedRequest& received);
  nlohmann::json carry_out(const nlohmann::json& request);
  // Lets the answer's delay pass at once where time is virtual.
  Answer passed(Answer answer);
  void catch_up();
  std::chrono::milliseconds until_due();

  SimulationOptions options_;
  StateDir state_;
  HttpServer server_;
  std::unique_ptr<NetnsPlane> plane_;
  std::unique_ptr<ServedPlane> served_;
  std::unique_ptr<World> world_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<MetadataService> metadata_;
  std::uint16_t port_ = 0;
};

}  // namespace catena::sim
