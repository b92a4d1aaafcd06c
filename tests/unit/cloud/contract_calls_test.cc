// Every call, as the simulated cloud understands and answers it.
#include <algorithm>
#include <set>

#include "tests/unit/cloud/contract.h"

namespace catena::cloud {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

base::Prefix prefix(std::string_view text) { return base::Prefix::parse(text).value(); }

std::vector<base::IpAddress> addresses_of(const NetworkInterface& eni) {
  std::vector<base::IpAddress> addresses;
  for (const PrivateIp& ip : eni.private_ips) {
    addresses.push_back(ip.address);
  }
  return addresses;
}

class ContractCalls : public ContractTest {};

TEST_F(ContractCalls, AnEniLivesFromCreationToDeletion) {
  CreateNetworkInterface what = wanted();
  what.name = "pod-eni";
  what.description = "an ENI of the test";
  what.secondary_ip_count = 2;
  what.delete_on_release = true;
  const auto made = create_network_interface(client_, what);
  ASSERT_TRUE(made.ok()) << made.error().text();
  EXPECT_EQ(made->status, EniStatus::kAvailable);
  EXPECT_EQ(made->type, EniType::kSecondary);
  EXPECT_FALSE(made->mac.is_zero());
  EXPECT_THAT(made->private_ips, SizeIs(3));
  EXPECT_THAT(addresses_of(*made), Contains(*made->primary_ip));
  EXPECT_EQ(made->vswitch_id, vswitch());
  EXPECT_THAT(made->tags, ElementsAre(Tag{"creator", "catena"}));

  ASSERT_TRUE(attach_network_interface(client_, on_node(made->id)).ok());
  pace_.sleep(std::chrono::seconds(1));
  const NetworkInterface attached = look(made->id);
  EXPECT_EQ(attached.status, EniStatus::kInUse);
  EXPECT_EQ(attached.instance_id, instance());
  EXPECT_EQ(attached.name, "pod-eni");
  EXPECT_EQ(attached.delete_on_release, true);

  ASSERT_TRUE(detach_network_interface(client_, on_node(made->id)).ok());
  pace_.sleep(std::chrono::seconds(1));
  EXPECT_EQ(look(made->id).status, EniStatus::kAvailable);
  EXPECT_EQ(look(made->id).instance_id, "");

  ASSERT_TRUE(delete_network_interface(client_, made->id).ok());
  pace_.sleep(std::chrono::seconds(1));
  EXPECT_TRUE(describe_network_interface_attribute(client_, made->id)
                  .error()
                  .is(base::ErrorKind::kNotFound));
  EXPECT_EQ(enis_of_ours(), 0U);
  EXPECT_TRUE(delete_network_interface(client_, made->id).ok()) << "gone is success";
  EXPECT_TRUE(detach_network_interface(client_, on_node(made->id)).ok());
}

TEST_F(ContractCalls, ModifyReplacesNameAndSecurityGroups) {
  const NetworkInterface eni = created();
  ModifyNetworkInterface what;
  what.eni_id = eni.id;
  what.name = "renamed";
  what.source_dest_check = false;
  const base::Status modified = modify_network_interface_attribute(client_, what);
  ASSERT_TRUE(modified.ok()) << modified.error().text();
  EXPECT_EQ(look(eni.id).name, "renamed");
  EXPECT_EQ(look(eni.id).source_dest_check, false);
  EXPECT_EQ(look(eni.id).security_group_ids, eni.security_group_ids) << "left alone";
}

TEST_F(ContractCalls, AddressesComeAndGo) {
  const NetworkInterface eni = created();
  AssignAddresses more;
  more.eni_id = eni.id;
  more.address_count = 3;
  const auto assigned = assign_private_ip_addresses(client_, more);
  ASSERT_TRUE(assigned.ok()) << assigned.error().text();
  ASSERT_THAT(assigned->addresses, SizeIs(3));
  EXPECT_THAT(look(eni.id).private_ips, SizeIs(4));

  UnassignAddresses back;
  back.eni_id = eni.id;
  back.addresses = {assigned->addresses[0], assigned->addresses[1]};
  ASSERT_TRUE(unassign_private_ip_addresses(client_, back).ok());
  EXPECT_THAT(look(eni.id).private_ips, SizeIs(2));

  back.addresses = assigned->addresses;
  ASSERT_TRUE(unassign_private_ip_addresses(client_, back).ok())
      << "two of the three are gone already";
  EXPECT_THAT(addresses_of(look(eni.id)), ElementsAre(*eni.primary_ip));

  more.address_count = 0;
  more.addresses = {assigned->addresses[2]};
  EXPECT_THAT(assign_private_ip_addresses(client_, more)->addresses,
              ElementsAre(assigned->addresses[2]));
}

TEST_F(ContractCalls, Ipv6AddressesComeAndGo) {
  const NetworkInterface eni = created();
  AssignAddresses more;
  more.eni_id = eni.id;
  more.address_count = 2;
  const auto assigned = assign_ipv6_addresses(client_, more);
  ASSERT_TRUE(assigned.ok()) << assigned.error().text();
  ASSERT_THAT(assigned->addresses, SizeIs(2));
  EXPECT_THAT(look(eni.id).ipv6s, SizeIs(2));
  UnassignAddresses back;
  back.eni_id = eni.id;
  back.addresses = assigned->addresses;
  ASSERT_TRUE(unassign_ipv6_addresses(client_, back).ok());
  EXPECT_THAT(look(eni.id).ipv6s, IsEmpty());
}

TEST_F(ContractCalls, InstancesAndTheirTypesAreDescribed) {
  InstanceFilter filter;
  filter.instance_ids = {instance(), "i-nobody"};
  const auto instances = describe_instances(client_, filter);
  ASSERT_TRUE(instances.ok()) << instances.error().text();
  ASSERT_THAT(*instances, SizeIs(1)) << "an unknown id is just missing";
  EXPECT_EQ(instances->front().status, "Running");
  ASSERT_THAT(instances->front().enis, SizeIs(1));
  EXPECT_EQ(instances->front().enis[0].type, EniType::kPrimary);

  const auto attribute = describe_instance_attribute(client_, instance());
  ASSERT_TRUE(attribute.ok()) << attribute.error().text();
  EXPECT_EQ(attribute->vpc_id, instances->front().vpc_id);
  EXPECT_TRUE(
      describe_instance_attribute(client_, "i-nobody").error().is(base::ErrorKind::kNotFound));

  const auto types = describe_instance_types(client_, {attribute->type});
  ASSERT_TRUE(types.ok()) << types.error().text();
  ASSERT_THAT(*types, SizeIs(1));
  EXPECT_EQ(types->front().eni_quantity, 4);
  EXPECT_EQ(types->front().ipv4_per_eni, 15);
  EXPECT_GT(describe_instance_types(client_, {})->size(), 10U);
}

TEST_F(ContractCalls, VpcsAndVSwitchesAreDescribed) {
  const auto vpcs = describe_vpcs(client_, {scene().vpcs.front().id});
  ASSERT_TRUE(vpcs.ok()) << vpcs.error().text();
  ASSERT_THAT(*vpcs, SizeIs(1));
  EXPECT_THAT(vpcs->front().cidrs, Contains(scene().vpcs.front().cidr));
  EXPECT_THAT(vpcs->front().route_table_ids, Contains(table()));
  EXPECT_THAT(vpcs->front().vswitch_ids, SizeIs(3));

  VSwitchFilter filter;
  filter.vswitch_ids = {vswitch(), "vsw-nobody"};
  const auto vswitches = describe_vswitches(client_, filter);
  ASSERT_TRUE(vswitches.ok()) << vswitches.error().text();
  ASSERT_THAT(*vswitches, SizeIs(1));
  EXPECT_EQ(vswitches->front().cidr, scene().vswitches.front().cidr);
  EXPECT_GT(vswitches->front().available_ips, 4000);
  filter = {};
  filter.vpc_id = scene().vpcs.front().id;
  EXPECT_THAT(*describe_vswitches(client_, filter), SizeIs(3));
}

TEST_F(ContractCalls, ARouteEntryLivesFromCreationToDeletion) {
  CreateRouteEntry what;
  what.route_table_id = table();
  what.destination = prefix("172.30.1.0/24");
  what.next_hop.id = instance();
  what.description = "pods of a node";
  const auto id = create_route_entry(client_, what);
  ASSERT_TRUE(id.ok()) << id.error().text();
  pace_.sleep(std::chrono::seconds(1));
  RouteEntryFilter filter;
  filter.route_table_id = what.route_table_id;
  filter.destination = what.destination;
  const auto entries = describe_route_entry_list(client_, filter);
  ASSERT_TRUE(entries.ok()) << entries.error().text();
  ASSERT_THAT(*entries, SizeIs(1));
  EXPECT_EQ(entries->front().id, *id);
  EXPECT_EQ(entries->front().status, "Available");
  EXPECT_EQ(entries->front().type, "Custom");
  EXPECT_THAT(entries->front().next_hops, ElementsAre(NextHop{"Instance", instance()}));

  const auto again = create_route_entry(client_, what);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(reaction_to(again.error()), Reaction::kAdoptOrReplace) << again.error().text();

  DeleteRouteEntry gone;
  gone.entry_id = *id;
  ASSERT_TRUE(delete_route_entry(client_, gone).ok());
  pace_.sleep(std::chrono::seconds(1));
  EXPECT_THAT(*describe_route_entry_list(client_, filter), IsEmpty());
  EXPECT_TRUE(delete_route_entry(client_, gone).ok()) << "gone is success";
}

class ContractOldSignature : public ContractTest {
 protected:
  ContractOldSignature() : ContractTest(instant_scene(1), Signing::kRpc1) {}
};

TEST_F(ContractOldSignature, ServesAllTheSame) {
  const NetworkInterface eni = created();
  EXPECT_EQ(look(eni.id).id, eni.id);
  EXPECT_EQ(enis_of_ours(), 1U);
  EXPECT_THAT(*describe_vpcs(client_, {}), SizeIs(1));
}

// More of everything than fits on a page.
class ContractPages : public ContractTest {
 protected:
  static sim::Scene big() {
    sim::Scene scene = instant_scene(120);
    scene.limits.enis = 2000;
    for (int i = 0; i < 120; ++i) {
      sim::SceneVSwitch vswitch;
      vswitch.id = "vsw-" + std::to_string(i);
      vswitch.vpc = scene.vpcs.front().id;
      vswitch.zone = "cn-hangzhou-h";
      vswitch.cidr = base::Prefix::parse("192.168." + std::to_string(100 + i) + ".0/24").value();
      scene.vswitches.push_back(vswitch);
    }
    for (int i = 0; i < 620; ++i) {
      sim::SceneEni eni;
      eni.id = "eni-" + std::to_string(i);
      eni.vswitch = scene.vswitches.front().id;
      eni.security_groups = {scene.security_groups.front().id};
      scene.enis.push_back(eni);
    }
    return scene;
  }
  ContractPages() : ContractTest(big()) {}
};

TEST_F(ContractPages, EveryListingIsReadToItsEndWithoutRepeats) {
  NetworkInterfaceFilter loose;
  loose.status = EniStatus::kAvailable;
  std::set<std::string> enis;
  for (const NetworkInterface& eni : describe_network_interfaces(client_, loose).value()) {
    EXPECT_TRUE(enis.insert(eni.id).second) << eni.id << " twice";
  }
  EXPECT_EQ(enis.size(), 620U);
  EXPECT_EQ(calls_of("DescribeNetworkInterfaces"), 2U);

  EXPECT_THAT(*describe_instances(client_, {}), SizeIs(120));
  EXPECT_THAT(*describe_vswitches(client_, {}), SizeIs(123));
  EXPECT_EQ(calls_of("DescribeVSwitches"), 3U);

  loose = {};
  for (int i = 0; i < 150; ++i) {
    loose.eni_ids.push_back("eni-" + std::to_string(i));
  }
  EXPECT_THAT(*describe_network_interfaces(client_, loose), SizeIs(150));
}

TEST_F(ContractPages, AListingOfTenAPageIsReadToItsEnd) {
  // The sizes the API takes for itself where none is asked for.
  const auto body = client_.call(Product::kEcs, "DescribeNetworkInterfaces",
                                 {{"RegionId", client_.region()}, {"Status", "Available"}});
  ASSERT_TRUE(body.ok());
  EXPECT_EQ((*body)["NetworkInterfaceSets"]["NetworkInterfaceSet"].size(), 10U)
      << "so a client that does not page sees ten";
}

TEST_F(ContractPages, RoutesBeyondAPageAreFound) {
  const std::string route_table = table();
  for (int i = 0; i < 120; ++i) {
    CreateRouteEntry what;
    what.route_table_id = route_table;
    what.destination = prefix("172.30." + std::to_string(i) + ".0/24");
    what.next_hop.id = instance();
    CallOptions options;
    options.wait_for_state = true;
    const auto id = create_route_entry(client_, what, options);
    ASSERT_TRUE(id.ok()) << id.error().text();
  }
  RouteEntryFilter filter;
  filter.route_table_id = route_table;
  filter.type = "Custom";
  EXPECT_THAT(*describe_route_entry_list(client_, filter), SizeIs(120));
  EXPECT_EQ(calls_of("DescribeRouteEntryList"), 2U);
}

}  // namespace
}  // namespace catena::cloud
