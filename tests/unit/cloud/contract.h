// The client before the simulated cloud, in virtual time.
#pragma once

#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/cloud/client.h"
#include "common/cloud/ecs.h"
#include "common/cloud/vpc.h"
#include "sim/gateway.h"
#include "sim/metadata_service.h"
#include "sim/sim_transport.h"
#include "sim/world.h"
#include "tests/unit/cloud/scripted_cloud.h"

namespace catena::cloud {

inline sim::Scene instant_scene(int nodes) {
  sim::Scene scene = sim::default_scene(nodes);
  sim::make_instant(scene);
  return scene;
}

class ContractTest : public testing::Test {
 protected:
  explicit ContractTest(const sim::Scene& scene = instant_scene(1),
                        Signing signing = Signing::kAcs3)
      : world_(sim::World::create(scene).value()),
        gateway_(*world_),
        metadata_(*world_, gateway_),
        pace_(*world_, gateway_),
        transport_(*world_, gateway_, metadata_, pace_, world_->instances().front().id),
        client_(transport_, pace_, credentials_, nullptr, Cloud::options(signing)) {}

  const sim::Scene& scene() const { return world_->scene(); }
  std::string vswitch() const { return scene().vswitches.front().id; }
  std::string instance() const { return world_->instances().front().id; }
  std::string table() {
    return describe_route_table_list(client_, scene().vpcs.front().id).value().front().id;
  }
  CreateNetworkInterface wanted() const {
    CreateNetworkInterface wanted;
    wanted.vswitch_id = vswitch();
    wanted.security_group_ids = {scene().security_groups.front().id};
    wanted.tags = {{"creator", "catena"}};
    return wanted;
  }
  NetworkInterface created() {
    auto eni = create_network_interface(client_, wanted());
    EXPECT_TRUE(eni.ok()) << eni.error().text();
    return eni.value();
  }
  AttachNetworkInterface on_node(const std::string& eni) const {
    AttachNetworkInterface what;
    what.eni_id = eni;
    what.instance_id = instance();
    return what;
  }
  NetworkInterface look(const std::string& eni) {
    return describe_network_interface_attribute(client_, eni).value();
  }
  std::size_t enis_of_ours() {
    NetworkInterfaceFilter filter;
    filter.tags = {{"creator", "catena"}};
    return describe_network_interfaces(client_, filter).value().size();
  }
  // The next call of `action` goes wrong.
  void plan(const std::string& action, sim::Fault::What what,
            sim::Fault::When when = sim::Fault::When::kBefore, int count = 1) {
    sim::Fault fault;
    fault.action = action;
    fault.what = what;
    fault.when = when;
    fault.count = count;
    gateway_.faults().add(fault);
  }
  void plan_error(const std::string& action, const std::string& code, int status = 400) {
    sim::Fault fault;
    fault.action = action;
    fault.code = code;
    fault.status = status;
    gateway_.faults().add(fault);
  }
  std::uint64_t calls_of(const std::string& action) {
    const auto found = gateway_.counts().find(action);
    return found == gateway_.counts().end() ? 0 : found->second.calls;
  }

  std::unique_ptr<sim::World> world_;
  sim::Gateway gateway_;
  sim::MetadataService metadata_;
  sim::VirtualPace pace_;
  sim::SimTransport transport_;
  ListedCredentials credentials_{{key("LTAI0000catenasimkey", "catena-sim-secret")}};
  Client client_;
};

}  // namespace catena::cloud
