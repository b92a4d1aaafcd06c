#include "sim/program/simulation.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "sim/admin.h"

namespace catena::sim {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestOrder = std::size_t{1} << 20U;
constexpr std::string_view kMetadataPath = "/metadata/";

Time wall() { return std::chrono::floor<Millis>(std::chrono::system_clock::now()); }

void report(const base::Error& error) {
  (void)std::fprintf(stderr, "catena-sim: %s\n", error.text().c_str());
}

Answer json_answer(int status, const json& body) {
  Answer answer;
  answer.response.status = status;
  answer.response.headers = {{"Content-Type", "application/json"}};
  answer.response.body = body.dump() + "\n";
  return answer;
}

// What a client of this cloud needs in its environment.
json environment_of(const Scene& scene, const std::string& endpoint) {
  json environment{{"ECS_ENDPOINT", endpoint},
                   {"VPC_ENDPOINT", endpoint},
                   {"ALIBABA_CLOUD_STS_ENDPOINT", endpoint},
                   {"ALICLOUD_CLIENT_SCHEME", "HTTP"},
                   {"ALIBABA_CLOUD_REGION_ID", scene.region}};
  const auto usable =
      std::ranges::find_if(scene.keys, [](const SceneKey& key) { return key.enabled; });
  if (usable != scene.keys.end()) {
    environment["ALIBABA_CLOUD_ACCESS_KEY_ID"] = usable->id;
    environment["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] = usable->secret;
  }
  return environment;
}

}  // namespace

std::string admin_socket_path(const std::string& state_dir) { return state_dir + "/admin.sock"; }

Simulation::Simulation(SimulationOptions options, StateDir state, HttpServer server)
    : options_(std::move(options)), state_(std::move(state)), server_(std::move(server)) {}

Simulation::~Simulation() {
  // Nobody asks any more before the world goes; the plane takes all links with it.
  ::unlink(admin_socket_path(state_.path()).c_str());
}

base::Result<std::unique_ptr<Simulation>> Simulation::start(SimulationOptions options) {
  StateDir state = TRY(StateDir::open(options.state_dir));
  HttpServer server = TRY(HttpServer::create());
  std::unique_ptr<Simulation> simulation(
      new Simulation(std::move(options), std::move(state), std::move(server)));
  if (simulation->options_.plane) {
    TRY(simulation->start_plane());
  }
  TRY(simulation->start_world());
  TRY(simulation->listen());
  return simulation;
}

base::Status Simulation::start_plane() {
  plane_ = TRY(NetnsPlane::start(state_, {.vpc_netns = options_.prefix + "-vpc",
                                          .service_addresses = service_addresses(),
                                          .report = report}));
  NodeServices services;
  services.openapi = [this](const ReceivedRequest& received) { return openapi(received); };
  services.metadata = [this](const std::string& instance, const ReceivedRequest& received) {
    return metadata(instance, received);
  };
  served_ = std::make_unique<ServedPlane>(*plane_, server_, std::move(services));
  return {};
}

base::Status Simulation::start_world() {
  if (!options_.virtual_time) {
    options_.scene.start = wall();
  }
  world_ = TRY(World::create(options_.scene, served_.get()));
  for (const base::Error& error : world_->take_plane_errors()) {
    return error;
  }
  GatewayOptions gateway;
  gateway.seed = options_.scene.seed;
  gateway_ = std::make_unique<Gateway>(*world_, gateway);
  metadata_ = std::make_unique<MetadataService>(*world_, *gateway_);
  return {};
}

base::Status Simulation::listen() {
  base::UniqueFd tcp = TRY(listen_tcp(options_.address, options_.port));
  port_ = TRY(port_of(tcp));
  TRY(server_.serve(std::move(tcp),
                    [this](const ReceivedRequest& received) { return outside(received); }));
  base::UniqueFd local = TRY(listen_unix(admin_socket_path(state_.path())));
  TRY(server_.serve(std::move(local),
                    [this](const ReceivedRequest& received) { return order(received); }));
  return {};
}

json Simulation::reach() const {
  const std::string address = options_.address.is_v4() ? options_.address.to_string()
                                                       : "[" + options_.address.to_string() + "]";
  const std::string endpoint = address + ":" + std::to_string(port_);
  json nodes = json::array();
  for (const InstanceView& instance : world_->instances()) {
    json node{{"id", instance.id}, {"name", instance.name}, {"status", instance.status}};
    if (plane_) {
      node["netns"] = instance.netns;
    }
    const std::vector<NicView> nics = world_->nics_of(instance.id);
    if (!nics.empty() && !nics.front().ipv4.empty()) {
      node["address"] = nics.front().ipv4.front().to_string();
    }
    nodes.push_back(std::move(node));
  }
  json reach{{"seed", options_.scene.seed},
             {"region", options_.scene.region},
             {"state", state_.path()},
             {"endpoint", endpoint},
             {"environment", environment_of(options_.scene, endpoint)},
             {"nodes", std::move(nodes)}};
  if (plane_) {
    reach["endpointInNodes"] = kOpenApiAddress;
    reach["environmentInNodes"] = environment_of(options_.scene, kOpenApiAddress);
  }
  return reach;
}

Answer Simulation::passed(Answer answer) {
  if (options_.virtual_time && answer.delay.count() > 0) {
    const auto guard = gateway_->lock();
    world_->advance(answer.delay);
    answer.delay = Millis{0};
  }
  return answer;
}

Answer Simulation::openapi(const ReceivedRequest& received) {
  catch_up();
  return passed(gateway_->handle(received.request));
}

Answer Simulation::metadata(const std::string& instance, const ReceivedRequest& received) {
  catch_up();
  return passed(metadata_->answer(instance, received.request.method, received.target,
                                  received.request.headers));
}

// Outside the nodes nobody can be told by his address: the instance is named in the path.
Answer Simulation::outside(const ReceivedRequest& received) {
  if (!received.target.starts_with(kMetadataPath)) {
    return openapi(received);
  }
  const std::string rest = received.target.substr(kMetadataPath.size());
  const std::size_t slash = rest.find('/');
  ReceivedRequest inner = received;
  inner.target = slash == std::string::npos ? "/" : rest.substr(slash);
  return metadata(rest.substr(0, slash), inner);
}

Answer Simulation::order(const ReceivedRequest& received) {
  catch_up();
  if (received.request.method != "POST") {
    return json_answer(405, {{"error", "orders are POSTed as JSON"}});
  }
  const base::Result<json> request = base::parse_json(received.request.body, kLongestOrder);
  if (!request.ok()) {
    return json_answer(400, {{"error", request.error().text()}});
  }
  const json answer = carry_out(*request);
  catch_up();
  return json_answer(answer.contains("error") ? 400 : 200, answer);
}

// The orders that only a running program has; all others are the cloud's.
json Simulation::carry_out(const json& request) {
  const bool plain = request.is_object() && request.size() == 1 && request.contains("do");
  if (plain && request["do"] == "reach") {
    return reach();
  }
  if (plain && request["do"] == "drops") {
    if (!plane_) {
      return {{"error", "drops: this simulation has no data plane (--no-plane)"}};
    }
    const base::Result<Drops> drops = plane_->drops();
    if (!drops.ok()) {
      return {{"error", drops.error().text()}};
    }
    return {{"foreignMac", drops->foreign_mac},
            {"foreignSource", drops->foreign_source},
            {"unroutable", drops->unroutable}};
  }
  return admin(*world_, *gateway_, *metadata_, request);
}

void Simulation::catch_up() {
  const auto guard = gateway_->lock();
  if (!options_.virtual_time) {
    world_->advance_to(wall());
  }
  for (const base::Error& error : world_->take_plane_errors()) {
    report(error);
  }
}

std::chrono::milliseconds Simulation::until_due() {
  constexpr std::chrono::milliseconds kLongest{10'000};  // then idle connections are looked at
  const auto guard = gateway_->lock();
  const std::optional<Time> due = world_->next_due();
  if (options_.virtual_time || !due) {
    return kLongest;
  }
  return std::clamp(std::chrono::milliseconds(*due - wall()), std::chrono::milliseconds(0),
                    kLongest);
}

base::Status Simulation::run_until(int stop_fd) {
  bool stopped = false;
  TRY(server_.watch(stop_fd, [&stopped] { stopped = true; }));
  while (!stopped) {
    catch_up();
    TRY(server_.run_once(until_due()));
  }
  return {};
}

}  // namespace catena::sim
