// What the client makes of a cloud that throttles, forgets to answer, or answers nonsense.
#include "tests/support/temp_dir.h"
#include "tests/unit/cloud/contract.h"

namespace catena::cloud {
namespace {

using sim::Fault;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class ContractFaults : public ContractTest {};

// All ways to lose an answer.
constexpr Fault::What kLosses[] = {Fault::What::kLost, Fault::What::kError, Fault::What::kHtml,
                                   Fault::What::kGarbage, Fault::What::kHalf};

TEST_F(ContractFaults, AnEniWhoseAnswerIsLostIsCreatedOnce) {
  std::size_t wanted_enis = 0;
  for (const Fault::What loss : kLosses) {
    for (const Fault::When when : {Fault::When::kBefore, Fault::When::kAfter}) {
      plan("CreateNetworkInterface", loss, when);
      const auto eni = create_network_interface(client_, wanted());
      ASSERT_TRUE(eni.ok()) << eni.error().text();
      EXPECT_EQ(enis_of_ours(), ++wanted_enis);
      EXPECT_EQ(look(eni->id).id, eni->id);
    }
  }
}

TEST_F(ContractFaults, AddressesWhoseAnswerIsLostAreAssignedOnce) {
  const NetworkInterface eni = created();
  std::size_t addresses = 1;
  for (const Fault::What loss : kLosses) {
    plan("AssignPrivateIpAddresses", loss, Fault::When::kAfter);
    AssignAddresses more;
    more.eni_id = eni.id;
    more.address_count = 2;
    const auto assigned = assign_private_ip_addresses(client_, more);
    ASSERT_TRUE(assigned.ok()) << assigned.error().text();
    addresses += 2;
    EXPECT_THAT(look(eni.id).private_ips, SizeIs(addresses));
  }
}

TEST_F(ContractFaults, ATokenKeptOverACrashFindsTheSameEni) {
  CallOptions options;
  options.client_token = "kept-in-an-intent";
  options.budget = seconds(1);
  plan("CreateNetworkInterface", Fault::What::kLost, Fault::When::kAfter, 100);
  const auto lost = create_network_interface(client_, wanted(), options);
  ASSERT_FALSE(lost.ok());
  EXPECT_TRUE(may_have_been_done(lost.error())) << lost.error().text();
  gateway_.faults().clear();
  ASSERT_EQ(enis_of_ours(), 1U);

  Client after_the_crash(transport_, pace_, credentials_, nullptr, Cloud::options());
  options.budget = seconds(60);
  const auto found = create_network_interface(after_the_crash, wanted(), options);
  ASSERT_TRUE(found.ok()) << found.error().text();
  EXPECT_EQ(enis_of_ours(), 1U);
}

TEST_F(ContractFaults, ATokenWithOtherParametersIsBurnt) {
  CallOptions options;
  options.client_token = "one-token";
  ASSERT_TRUE(create_network_interface(client_, wanted(), options).ok());
  CreateNetworkInterface other = wanted();
  other.secondary_ip_count = 1;
  const auto refused = create_network_interface(client_, other, options);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(reaction_to(refused.error()), Reaction::kNewToken) << refused.error().text();
}

TEST_F(ContractFaults, AttachIsNotRepeatedBlindly) {
  for (const Fault::What loss : kLosses) {
    const NetworkInterface eni = created();
    plan("AttachNetworkInterface", loss, Fault::When::kAfter);
    const std::uint64_t before = calls_of("AttachNetworkInterface");
    const base::Status status = attach_network_interface(client_, on_node(eni.id));
    ASSERT_FALSE(status.ok());
    EXPECT_TRUE(may_have_been_done(status.error())) << status.error().text();
    EXPECT_EQ(calls_of("AttachNetworkInterface"), before + 1);
    pace_.sleep(seconds(1));
    EXPECT_EQ(look(eni.id).status, EniStatus::kInUse) << "reading the state tells";
    ASSERT_TRUE(detach_network_interface(client_, on_node(eni.id)).ok());
    pace_.sleep(seconds(1));
    ASSERT_TRUE(delete_network_interface(client_, eni.id).ok());
  }
}

TEST_F(ContractFaults, ASlowAnswerIsNoAnswerAndReadingGoesOn) {
  Fault slow;
  slow.action = "DescribeVpcs";
  slow.what = Fault::What::kSlow;
  slow.delay = seconds(30);
  gateway_.faults().add(slow);
  const auto start = pace_.elapsed();
  EXPECT_THAT(*describe_vpcs(client_, {}), SizeIs(1));
  EXPECT_GE(pace_.elapsed() - start, seconds(20));
  EXPECT_LT(pace_.elapsed() - start, seconds(25));
}

TEST_F(ContractFaults, ARefusedConnectionIsTriedAgainForAnyCall) {
  const NetworkInterface eni = created();
  plan("AttachNetworkInterface", Fault::What::kRefused, Fault::When::kBefore, 2);
  EXPECT_TRUE(attach_network_interface(client_, on_node(eni.id)).ok());
}

TEST_F(ContractFaults, ExpiredCredentialsAreReplacedWithinTheCall) {
  const sim::AccessKey fresh = gateway_.accounts().issue(
      *gateway_.accounts().find_role("catena-node"), world_->now() + hours(1), std::nullopt);
  const sim::AccessKey old = gateway_.accounts().issue(
      *gateway_.accounts().find_role("catena-node"), world_->now() + minutes(1), std::nullopt);
  pace_.sleep(minutes(2));
  ListedCredentials source(
      {key(old.id, old.secret, old.token), key(fresh.id, fresh.secret, fresh.token)});
  for (const Signing signing : {Signing::kAcs3, Signing::kRpc1}) {
    Client client(transport_, pace_, source, nullptr, Cloud::options(signing));
    const auto vpcs = describe_vpcs(client, {});
    ASSERT_TRUE(vpcs.ok()) << vpcs.error().text();
  }
  EXPECT_THAT(source.rejected(), SizeIs(1));
}

TEST_F(ContractFaults, TornCredentialsAreReadAnew) {
  const auto role = *gateway_.accounts().find_role("catena-node");
  const sim::AccessKey one =
      gateway_.accounts().issue(role, world_->now() + hours(1), std::nullopt);
  const sim::AccessKey two =
      gateway_.accounts().issue(role, world_->now() + hours(1), std::nullopt);
  const Credentials whole = key(two.id, two.secret, two.token);
  for (const Credentials& torn :
       {key(one.id, one.secret, two.token), key(one.id, two.secret, one.token),
        key(one.id, one.secret, ""), key("STS.unknown", one.secret, one.token)}) {
    ListedCredentials source({torn, whole});
    Client client(transport_, pace_, source, nullptr, Cloud::options());
    const auto vpcs = describe_vpcs(client, {});
    ASSERT_TRUE(vpcs.ok()) << vpcs.error().text();
    EXPECT_THAT(source.rejected(), SizeIs(1));
  }
}

TEST_F(ContractFaults, AWrongSecretIsNamedWithoutBeingShown) {
  ListedCredentials wrong({key("LTAI0000catenasimkey", "a-wrong-secret")});
  for (const Signing signing : {Signing::kAcs3, Signing::kRpc1}) {
    Client client(transport_, pace_, wrong, nullptr, Cloud::options(signing));
    const auto vpcs = describe_vpcs(client, {});
    ASSERT_FALSE(vpcs.ok());
    EXPECT_EQ(class_of(vpcs.error()), ErrorClass::kCredential);
    EXPECT_THAT(vpcs.error().text(),
                AllOf(HasSubstr("the secret is wrong"), Not(HasSubstr("a-wrong-secret"))));
  }
}

// A machine whose clock is off.
class SkewedPace : public Pace {
 public:
  SkewedPace(Pace& real, std::chrono::milliseconds by) : real_(&real), by_(by) {}
  std::chrono::system_clock::time_point wall() const override { return real_->wall() + by_; }
  std::chrono::milliseconds elapsed() const override { return real_->elapsed(); }
  void sleep(std::chrono::milliseconds time) override { real_->sleep(time); }

 private:
  Pace* real_;
  std::chrono::milliseconds by_;
};

TEST_F(ContractFaults, AClockThatIsOffIsCorrected) {
  for (const auto by : {minutes(-50), minutes(50)}) {
    SkewedPace pace(pace_, by);
    Client client(transport_, pace, credentials_, nullptr, Cloud::options());
    const auto vpcs = describe_vpcs(client, {});
    ASSERT_TRUE(vpcs.ok()) << vpcs.error().text();
    EXPECT_LE(std::chrono::abs(client.clock_skew() + by), seconds(2));
  }
}

TEST_F(ContractFaults, AThrottledCallIsServedInTheNextMinuteAndRefusedOnce) {
  gateway_.rates().options.per_minute["DescribeVpcs"] = 3;
  for (int i = 0; i < 9; ++i) {
    ASSERT_TRUE(describe_vpcs(client_, {}).ok()) << i;
  }
  const auto& count = gateway_.counts().at("DescribeVpcs");
  std::uint64_t refused = 0;
  for (const auto& [code, times] : count.refused) {
    EXPECT_THAT(code, HasSubstr("Throttling"));
    refused += times;
  }
  EXPECT_LE(refused, 3U);
}

TEST_F(ContractFaults, NodesThatStartAtOnceAreAllServed) {
  // 40 nodes with budgets of their own before an account that takes 60 calls a minute.
  gateway_.rates().options.per_minute["DescribeVpcs"] = 60;
  const test::TempDir directory;
  int served = 0;
  for (int node = 0; node < 40; ++node) {
    RateBudget rates(directory.path() + "/" + std::to_string(node), pace_);
    ClientOptions options = Cloud::options();
    options.seed = static_cast<std::uint64_t>(node + 1);
    Client client(transport_, pace_, credentials_, &rates, options);
    for (int call = 0; call < 5; ++call) {
      CallOptions patient;
      patient.budget = minutes(10);
      served += describe_vpcs(client, {}, patient).ok() ? 1 : 0;
    }
  }
  EXPECT_EQ(served, 200);
}

TEST_F(ContractFaults, ConflictsAreTheCallersUnlessItWaits) {
  const NetworkInterface eni = created();
  plan_error("AttachNetworkInterface", "Operation.Conflict", 403);
  const base::Status conflict = attach_network_interface(client_, on_node(eni.id));
  ASSERT_FALSE(conflict.ok());
  EXPECT_EQ(class_of(conflict.error()), ErrorClass::kState);
  plan_error("AttachNetworkInterface", "Operation.Conflict", 403);
  CallOptions waiting;
  waiting.wait_for_state = true;
  EXPECT_TRUE(attach_network_interface(client_, on_node(eni.id), waiting).ok());
}

// What the simulated cloud itself refuses, and the one line an admin reads.
TEST_F(ContractFaults, EveryRefusalSaysWhatToDo) {
  const auto line_of = [](const base::Error& error) {
    EXPECT_EQ(error.text().find('\n'), std::string::npos);
    EXPECT_THAT(error.message(), HasSubstr("RequestId"));
    EXPECT_FALSE(error.advice().empty()) << error.message();
    return error.text();
  };

  CreateNetworkInterface unknown = wanted();
  unknown.vswitch_id = "vsw-nobody";
  const auto vswitch_error = create_network_interface(client_, unknown).error();
  EXPECT_EQ(vswitch_error.code(), "InvalidVSwitchId.NotFound");
  EXPECT_TRUE(vswitch_error.is(base::ErrorKind::kBadConfig));
  EXPECT_THAT(line_of(vswitch_error), HasSubstr("check the vSwitches in eni.conf"));

  unknown = wanted();
  unknown.security_group_ids = {"sg-nobody"};
  EXPECT_THAT(line_of(create_network_interface(client_, unknown).error()),
              HasSubstr("check the security groups in eni.conf"));

  ClientOptions elsewhere = Cloud::options();
  elsewhere.endpoints.region = "cn-nowhere";
  elsewhere.endpoints.ecs = "ecs.cn-hangzhou.aliyuncs.com";
  Client wrong_region(transport_, pace_, credentials_, nullptr, elsewhere);
  EXPECT_THAT(line_of(create_network_interface(wrong_region, wanted()).error()),
              HasSubstr("check the region"));

  sim::AccessKey user;
  user.id = "LTAIuser";
  user.secret = "node-user-secret";
  user.account = scene().account;
  user.user = "node-user";
  user.policy = sim::RamPolicy{};
  gateway_.accounts().add_key(user);
  ListedCredentials poor({key(user.id, user.secret)});
  Client powerless(transport_, pace_, poor, nullptr, Cloud::options());
  const auto denied = create_network_interface(powerless, wanted()).error();
  EXPECT_EQ(denied.code(), "Forbidden.RAM");
  EXPECT_THAT(line_of(denied), HasSubstr("ecs:CreateNetworkInterface"));

  elsewhere = Cloud::options();
  elsewhere.endpoints.ecs = "ecs.nowhere.example";
  Client unreachable(transport_, pace_, credentials_, nullptr, elsewhere);
  const auto nowhere = create_network_interface(unreachable, wanted()).error();
  EXPECT_EQ(nowhere.code(), kNotSent);
  EXPECT_THAT(nowhere.text(), AllOf(HasSubstr("ecs.nowhere.example"),
                                    HasSubstr("ALICLOUD_ENDPOINT_TYPE"), Not(HasSubstr("\n"))));
}

TEST_F(ContractFaults, LimitsOfTheTypeAndOfTheVSwitchAreToldApart) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(attach_network_interface(client_, on_node(created().id)).ok());
  }
  pace_.sleep(seconds(1));
  const base::Status full = attach_network_interface(client_, on_node(created().id));
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code(), "EniPerInstanceLimitExceeded");
  EXPECT_EQ(reaction_to(full.error()), Reaction::kResync);

  ASSERT_TRUE(
      world_->console({{"do", "take_addresses"}, {"vswitch", vswitch()}, {"count", 4080}}).ok());
  CreateNetworkInterface many = wanted();
  many.secondary_ip_count = 40;
  const auto empty = create_network_interface(client_, many);
  ASSERT_FALSE(empty.ok());
  EXPECT_EQ(empty.error().code(), "InvalidVSwitchId.IpNotEnough");
  EXPECT_EQ(reaction_to(empty.error()), Reaction::kOtherVSwitch);
}

}  // namespace
}  // namespace catena::cloud
