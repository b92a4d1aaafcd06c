// The state of a simulated VPC and what the OpenAPI does to it. Pure: no socket, no file, no clock
// of the machine; the same scene and the same calls at the same times give the same answers.
// Not thread-safe: whoever shares it locks.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "common/base/ip.h"
#include "common/base/mac.h"
#include "common/base/result.h"
#include "sim/plane.h"
#include "sim/scene.h"

namespace catena::sim {

using Time = std::chrono::sys_time<Millis>;

// One business call. Signature, rights, rates and ClientToken are the gateway's.
struct Action {
  std::string product;  // "ecs" or "vpc"
  std::string name;     // "AttachNetworkInterface"
  std::string region;   // the parameter RegionId of the call; empty where it had none
  std::map<std::string, std::string>
      parameters;  // flattened: "Tag.1.Key"; RegionId may be in it too
};

struct Refusal {
  int status = 400;
  std::string code;
  std::string message;
};

// An instance as its metadata service knows it.
struct InstanceView {
  std::string id;
  std::string name;
  std::string host_name;
  std::string type;
  std::string region;
  std::string zone;
  std::string status;  // Pending, Starting, Running, Stopping, Stopped
  std::string image;
  std::string serial;
  std::string account;
  std::string role;  // empty: none
  std::string netns;
  int bandwidth_kbps = 0;
  bool metadata_enabled = true;
  bool metadata_tokens_required = false;
  Tags tags;
};

// An ENI as the metadata service of its instance knows it.
struct NicView {
  std::string id;
  base::Mac mac;
  bool primary = false;
  std::string vpc;
  std::string vswitch;
  base::Prefix vpc_cidr;
  std::optional<base::Prefix> vpc_ipv6_cidr;
  base::Prefix vswitch_cidr;
  base::IpAddress gateway;
  std::optional<base::Prefix> vswitch_ipv6_cidr;  // absent: IPv6 is off
  std::optional<base::IpAddress> gateway6;
  std::vector<base::IpAddress> ipv4;  // the ENI's primary address first
  std::vector<base::Prefix> ipv4_prefixes;
  std::vector<base::IpAddress> ipv6;
  std::vector<base::Prefix> ipv6_prefixes;
};

// What is left though nobody owns it.
struct Orphan {
  std::string kind;  // "eni", "address", "route"
  std::string id;
  std::string why;
};

class World {
 public:
  // `plane` may be null and must outlive the world. kBadConfig when the scene contradicts itself
  // (overlapping vSwitches, an address twice); the plane's error when it could not build the scene.
  static base::Result<std::unique_ptr<World>> create(const Scene& scene, Plane* plane = nullptr);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  World(World&&) = delete;
  World& operator=(World&&) = delete;
  ~World();

  const Scene& scene() const;

  Time now() const;
  // Runs what became due, in order. A time that has passed already changes nothing.
  void advance_to(Time time);
  void advance(Millis step) { advance_to(now() + step); }
  // When something is due next; absent: nothing will change by itself.
  std::optional<Time> next_due() const;

  // Whether there is such an action ("ecs", "CreateNetworkInterface").
  static bool knows(const std::string& product, const std::string& action);
  // The answer without RequestId. The change is made at once; the cloud would answer only after
  // `answer_after()`, during which the object stays busy for others.
  std::variant<nlohmann::json, Refusal> perform(const Action& action);
  // How long the call performed last runs before its answer is sent; zero for reads and refusals.
  Millis answer_after() const;

  // As the metadata service shows it. Absent: no such instance (any more).
  std::optional<InstanceView> instance(const std::string& id) const;
  std::vector<InstanceView> instances() const;
  // The attached ENIs, the primary one first, as late as metadata is.
  std::vector<NicView> nics_of(const std::string& instance) const;

  // What somebody does in the console, or a fault: {"do": "delete_eni", "eni": "eni-..."}. The
  // verbs and their keys are in sim/world/README.md. kBadConfig or kNotFound when it cannot be
  // done.
  base::Result<nlohmann::json> console(const nlohmann::json& request);
  // The whole truth, without lag.
  nlohmann::json dump() const;
  std::vector<Orphan> orphans() const;
  // What the plane refused since the last call; empties the list.
  std::vector<base::Error> take_plane_errors();

 private:
  class Impl;
  explicit World(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace catena::sim
