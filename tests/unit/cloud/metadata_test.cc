#include "common/cloud/metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/cloud/scripted.h"

namespace catena::cloud {
namespace {

using base::ErrorKind;
using base::Mac;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::ScriptedMetadata;
using test::ScriptedPace;
using test::ScriptedTransport;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kPut = "PUT /latest/api/token";
const std::string kGetId = "GET /latest/meta-data/instance-id";

class MetadataTest : public testing::Test {
 protected:
  MetadataTest() { service_.items["instance-id"] = "i-bp1example"; }

  ScriptedMetadata service_;
  ScriptedPace pace_;
  ScriptedTransport transport_{service_.handler()};
};

TEST_F(MetadataTest, AsksForATokenOnceAndSendsItAlong) {
  Metadata metadata(transport_, pace_);
  EXPECT_EQ(metadata.text("instance-id").value(), "i-bp1example");
  EXPECT_EQ(metadata.text("instance-id").value(), "i-bp1example");
  EXPECT_THAT(transport_.lines(), ElementsAre(kPut, kGetId, kGetId));
  EXPECT_EQ(transport_.requests()[0].url, "http://100.100.100.200/latest/api/token");
  EXPECT_EQ(test::header_of(transport_.requests()[2], "X-aliyun-ecs-metadata-token"), "token-1");
}

TEST_F(MetadataTest, NeverAsksThroughAProxy) {
  Metadata metadata(transport_, pace_);
  EXPECT_TRUE(metadata.text("instance-id").ok());
  for (const HttpRequest& request : transport_.requests()) {
    EXPECT_TRUE(request.direct) << request.url;
  }
}

TEST_F(MetadataTest, RenewsTheTokenAfterHalfItsLife) {
  Metadata metadata(transport_, pace_);
  ASSERT_TRUE(metadata.text("instance-id").ok());
  pace_.pass(seconds(10'799));
  ASSERT_TRUE(metadata.text("instance-id").ok());
  EXPECT_THAT(transport_.lines(), ElementsAre(kPut, kGetId, kGetId));
  pace_.pass(seconds(1));
  ASSERT_TRUE(metadata.text("instance-id").ok());
  EXPECT_THAT(transport_.lines(), ElementsAre(kPut, kGetId, kGetId, kPut, kGetId));
}

TEST_F(MetadataTest, AStepOfTheWallClockDoesNotTouchTheToken) {
  Metadata metadata(transport_, pace_);
  ASSERT_TRUE(metadata.text("instance-id").ok());
  pace_.step_wall(std::chrono::hours(48));
  ASSERT_TRUE(metadata.text("instance-id").ok());
  EXPECT_THAT(transport_.lines(), ElementsAre(kPut, kGetId, kGetId));
}

TEST_F(MetadataTest, ARefusedTokenIsDroppedAndAnotherAskedForOnce) {
  Metadata metadata(transport_, pace_);
  ASSERT_TRUE(metadata.text("instance-id").ok());
  service_.token = "token-2";
  EXPECT_EQ(metadata.text("instance-id").value(), "i-bp1example");
  EXPECT_THAT(transport_.lines(), ElementsAre(kPut, kGetId, kGetId, kPut, kGetId));
}

TEST_F(MetadataTest, ATokenRefusedTwiceIsAnError) {
  service_.statuses = {401, 401};
  Metadata metadata(transport_, pace_);
  const auto text = metadata.text("instance-id");
  ASSERT_FALSE(text.ok());
  EXPECT_THAT(text.error().message(), HasSubstr("answered 401"));
  EXPECT_EQ(transport_.lines().size(), 4U);
}

TEST_F(MetadataTest, GoesOnWithoutTokenWhereTheServiceHasNone) {
  for (const int status : {403, 404}) {
    ScriptedMetadata old;
    old.items["instance-id"] = "i-1";
    old.token_status = status;
    old.token_required = false;
    ScriptedTransport transport(old.handler());
    Metadata metadata(transport, pace_);
    EXPECT_EQ(metadata.text("instance-id").value(), "i-1");
    EXPECT_EQ(metadata.text("instance-id").value(), "i-1");
    EXPECT_THAT(transport.lines(), ElementsAre(kPut, kGetId, kGetId)) << status;
    EXPECT_THAT(transport.requests()[1].headers, IsEmpty());
  }
}

TEST_F(MetadataTest, AServiceHardenedMeanwhileGetsATokenAgain) {
  service_.token_status = 404;
  service_.token_required = false;
  Metadata metadata(transport_, pace_);
  ASSERT_TRUE(metadata.text("instance-id").ok());
  service_.token_status = 200;
  service_.token_required = true;
  EXPECT_EQ(metadata.text("instance-id").value(), "i-bp1example");
  EXPECT_THAT(transport_.lines(), ElementsAre(kPut, kGetId, kGetId, kPut, kGetId));
}

TEST_F(MetadataTest, NeverAsksWithoutTokenWhenThatIsDisabled) {
  service_.token_status = 404;
  service_.token_required = false;
  const auto options =
      metadata_options(test::environment_of({{"ALIBABA_CLOUD_IMDSV1_DISABLED", "true"}}));
  Metadata metadata(transport_, pace_, options.value());
  const auto text = metadata.text("instance-id");
  ASSERT_FALSE(text.ok());
  EXPECT_THAT(text.error().message(), HasSubstr("ALIBABA_CLOUD_IMDSV1_DISABLED"));
  EXPECT_THAT(transport_.lines(), ElementsAre(kPut));
}

TEST_F(MetadataTest, NeverAsksForATokenWhenThatIsDisabled) {
  service_.token_required = false;
  const auto options =
      metadata_options(test::environment_of({{"ALIBABA_CLOUD_IMDSV2_DISABLED", "1"}}));
  Metadata metadata(transport_, pace_, options.value());
  EXPECT_EQ(metadata.text("instance-id").value(), "i-bp1example");
  EXPECT_THAT(transport_.lines(), ElementsAre(kGetId));
}

TEST_F(MetadataTest, WaitsOutThrottlingAndServerErrors) {
  service_.statuses = {429, 500, 503, 0};
  Metadata metadata(transport_, pace_);
  const milliseconds before = pace_.elapsed();
  EXPECT_EQ(metadata.text("instance-id").value(), "i-bp1example");
  EXPECT_EQ(pace_.elapsed() - before, milliseconds(500 + 600 + 720 + 864));
}

TEST_F(MetadataTest, GivesUpAfterFourRepetitionsAndSaysItMayPass) {
  service_.statuses = {500, 500, 500, 500, 500, 200};
  Metadata metadata(transport_, pace_);
  const auto text = metadata.text("instance-id");
  ASSERT_FALSE(text.ok());
  EXPECT_TRUE(text.error().is(ErrorKind::kTryAgain));
  EXPECT_EQ(service_.statuses.size(), 1U);
}

TEST_F(MetadataTest, KeepsToItsBudgetThoughNobodyAnswers) {
  ScriptedTransport silent([this](const HttpRequest& request) {
    pace_.pass(request.timeout);
    return test::no_answer();
  });
  Metadata metadata(silent, pace_);
  const milliseconds before = pace_.elapsed();
  const auto text = metadata.text("instance-id");
  ASSERT_FALSE(text.ok());
  EXPECT_LE(pace_.elapsed() - before, milliseconds(10'000));
  EXPECT_TRUE(text.error().is(ErrorKind::kTryAgain));
  EXPECT_EQ(text.error().code(), kNotSent);
  EXPECT_THAT(text.error().text(), HasSubstr("is this an ECS instance"));
  EXPECT_THAT(text.error().text(), HasSubstr("http://100.100.100.200/latest/api/token"));
}

TEST_F(MetadataTest, OtherRefusalsAreErrorsAtOnce) {
  service_.statuses = {403};
  Metadata metadata(transport_, pace_);
  const auto text = metadata.text("instance-id");
  ASSERT_FALSE(text.ok());
  EXPECT_FALSE(text.error().is(ErrorKind::kTryAgain));
  EXPECT_EQ(pace_.sleeps(), 0);
}

TEST_F(MetadataTest, AbsentIsNothingAndNotEmpty) {
  service_.items["empty"] = "";
  Metadata metadata(transport_, pace_);
  EXPECT_EQ(metadata.text("public-ipv4").value(), std::nullopt);
  EXPECT_EQ(metadata.text("empty").value(), "");
  EXPECT_TRUE(metadata.zone().error().is(ErrorKind::kNotFound));
}

TEST_F(MetadataTest, WhiteSpaceAtTheEndIsCut) {
  service_.items["instance-id"] = "i-bp1example\r\n \n";
  Metadata metadata(transport_, pace_);
  EXPECT_EQ(metadata.instance_id().value(), "i-bp1example");
}

TEST_F(MetadataTest, LastingFactsAreAskedForOnce) {
  service_.items["instance/instance-type"] = "ecs.g7.xlarge";
  service_.items["region-id"] = "cn-hangzhou";
  service_.items["zone-id"] = "cn-hangzhou-i";
  service_.items["vpc-id"] = "vpc-1";
  service_.items["vswitch-id"] = "vsw-1";
  service_.items["mac"] = "00:16:3E:0f:aa:bb";
  Metadata metadata(transport_, pace_);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(metadata.instance_id().value(), "i-bp1example");
    EXPECT_EQ(metadata.instance_type().value(), "ecs.g7.xlarge");
    EXPECT_EQ(metadata.region().value(), "cn-hangzhou");
    EXPECT_EQ(metadata.zone().value(), "cn-hangzhou-i");
    EXPECT_EQ(metadata.vpc_id().value(), "vpc-1");
    EXPECT_EQ(metadata.vswitch_id().value(), "vsw-1");
    EXPECT_EQ(metadata.mac()->to_string(), "00:16:3e:0f:aa:bb");
  }
  EXPECT_EQ(transport_.lines().size(), 1U + 7U);
}

TEST_F(MetadataTest, AnAnswerThatIsNoNameIsAnErrorAndNotKept) {
  service_.items["instance-id"] = "<html>proxy</html>";
  Metadata metadata(transport_, pace_);
  EXPECT_TRUE(metadata.instance_id().error().is(ErrorKind::kUndecodable));
  service_.items["instance-id"] = "i-1";
  EXPECT_EQ(metadata.instance_id().value(), "i-1");
}

TEST(MetadataOptions, EndpointCanBeOverridden) {
  const auto endpoint = [](const std::string& value) {
    return metadata_options(test::environment_of({{"ALIBABA_CLOUD_IMDS_ENDPOINT", value}}));
  };
  EXPECT_EQ(endpoint("")->endpoint, "http://100.100.100.200");
  EXPECT_EQ(endpoint("127.0.0.1:8080")->endpoint, "http://127.0.0.1:8080");
  EXPECT_EQ(endpoint("http://127.0.0.1:8080/")->endpoint, "http://127.0.0.1:8080");
  for (const char* bad : {"ftp://x", "http://", "http://a/b", "a b", "/"}) {
    EXPECT_TRUE(endpoint(bad).error().is(ErrorKind::kBadConfig)) << bad;
  }
}

TEST(MetadataOptions, BothModesDisabledIsRefused) {
  const auto options = metadata_options(test::environment_of(
      {{"ALIBABA_CLOUD_IMDSV1_DISABLED", "true"}, {"ALIBABA_CLOUD_IMDSV2_DISABLED", "true"}}));
  EXPECT_TRUE(options.error().is(ErrorKind::kBadConfig));
}

TEST(MetadataList, BothNotationsAndBareValues) {
  EXPECT_THAT(metadata_list(R"(["10.0.0.20","10.0.0.21"])").value(),
              ElementsAre("10.0.0.20", "10.0.0.21"));
  EXPECT_THAT(metadata_list("[2408::a, 2408::b]").value(), ElementsAre("2408::a", "2408::b"));
  EXPECT_THAT(metadata_list("10.0.0.16/28").value(), ElementsAre("10.0.0.16/28"));
  EXPECT_THAT(metadata_list("10.0.0.16/28\n10.0.0.32/28").value(),
              ElementsAre("10.0.0.16/28", "10.0.0.32/28"));
  EXPECT_THAT(metadata_list("a,b").value(), ElementsAre("a", "b"));
  EXPECT_THAT(metadata_list("[]").value(), IsEmpty());
  EXPECT_THAT(metadata_list("").value(), IsEmpty());
  EXPECT_THAT(metadata_list("[a]").value(), ElementsAre("a"));
}

TEST(MetadataList, AnythingElseIsAnError) {
  for (const char* bad : {"[a,b", "a]", "[\"a\",1]", "[\"a\",]", "[a,,b]", "[a b]", "[[a]]",
                          "[\"a\" \"b\"]", "[", "<html> </html>"}) {
    EXPECT_TRUE(metadata_list(bad).error().is(ErrorKind::kUndecodable)) << bad;
  }
}

class EniMetadataTest : public MetadataTest {
 protected:
  EniMetadataTest() {
    set("network-interface-id", "eni-bp1");
    set("vswitch-id", "vsw-1");
    set("vswitch-cidr-block", "10.0.0.0/24");
    set("gateway", "10.0.0.253");
    set("netmask", "255.255.255.0");
    set("primary-ip-address", "10.0.0.20");
    set("private-ipv4s", R"(["10.0.0.20","10.0.0.21"])");
  }

  void set(const std::string& item, const std::string& value) {
    service_.items["network/interfaces/macs/00:16:3e:12:e7:aa/" + item] = value;
  }

  const Mac mac_ = Mac::parse("00:16:3e:12:e7:aa").value();
  Metadata metadata_{transport_, pace_};
};

TEST_F(EniMetadataTest, MacsAreListed) {
  service_.items["network/interfaces/macs/"] = "00:16:3e:12:e7:aa/\n00:16:3e:0f:11:22/";
  EXPECT_THAT(metadata_.macs().value(), ElementsAre(mac_, Mac::parse("00:16:3e:0f:11:22").value()));
  service_.items["network/interfaces/macs/"] = "00:16:3e:12:e7:aa/\nnonsense/";
  EXPECT_TRUE(metadata_.macs().error().is(ErrorKind::kUndecodable));
}

TEST_F(EniMetadataTest, FactsOfAnIpv4Eni) {
  const EniMetadata eni = metadata_.eni(mac_).value().value();
  EXPECT_EQ(eni.mac, mac_);
  EXPECT_EQ(eni.eni_id, "eni-bp1");
  EXPECT_EQ(eni.vswitch_id, "vsw-1");
  EXPECT_EQ(eni.vswitch_cidr.to_string(), "10.0.0.0/24");
  EXPECT_EQ(eni.gateway.to_string(), "10.0.0.253");
  EXPECT_EQ(eni.prefix_length, 24);
  EXPECT_EQ(eni.primary_ip.to_string(), "10.0.0.20");
  EXPECT_EQ(eni.private_ips.size(), 2U);
  EXPECT_THAT(eni.ipv4_prefixes, IsEmpty());
  EXPECT_THAT(eni.ipv6s, IsEmpty());
  EXPECT_EQ(eni.ipv6_gateway, std::nullopt);
  EXPECT_EQ(eni.vswitch_ipv6_cidr, std::nullopt);
}

TEST_F(EniMetadataTest, FactsOfADualStackEniWithPrefixes) {
  set("ipv4-prefixes", "[10.0.0.32/28,10.0.0.48/28]");
  set("ipv6s", "[2408:4005:0:1::a,2408:4005:0:1::b]");
  set("ipv6-gateway", "2408:4005:0:1:ffff:ffff:ffff:fff7");
  set("vswitch-ipv6-cidr-block", "2408:4005:0:1::/64");
  set("ipv6-prefixes", "2408:4005:0:1:5::/80");
  const EniMetadata eni = metadata_.eni(mac_).value().value();
  EXPECT_EQ(eni.ipv4_prefixes.size(), 2U);
  EXPECT_EQ(eni.ipv4_prefixes[1].to_string(), "10.0.0.48/28");
  EXPECT_EQ(eni.ipv6s.size(), 2U);
  EXPECT_EQ(eni.ipv6_gateway->to_string(), "2408:4005:0:1:ffff:ffff:ffff:fff7");
  EXPECT_EQ(eni.vswitch_ipv6_cidr->to_string(), "2408:4005:0:1::/64");
  EXPECT_EQ(eni.ipv6_prefixes.at(0).to_string(), "2408:4005:0:1:5::/80");
}

TEST_F(EniMetadataTest, AnEniThatIsNotThereIsNothing) {
  EXPECT_EQ(metadata_.eni(Mac::parse("00:16:3e:00:00:01").value())->has_value(), false);
  EXPECT_THAT(metadata_.private_ips(Mac::parse("00:16:3e:00:00:01").value()).value(), IsEmpty());
}

TEST_F(EniMetadataTest, AnEniHalfThereIsToBeAskedForAgain) {
  service_.items.erase("network/interfaces/macs/00:16:3e:12:e7:aa/gateway");
  const auto eni = metadata_.eni(mac_);
  ASSERT_FALSE(eni.ok());
  EXPECT_TRUE(eni.error().is(ErrorKind::kTryAgain));
  EXPECT_THAT(eni.error().message(), HasSubstr("/gateway"));
}

TEST_F(EniMetadataTest, EveryItemIsParsedStrictly) {
  const std::vector<std::pair<std::string, std::string>> bad{
      {"network-interface-id", "eni bp1"},
      {"vswitch-cidr-block", "10.0.0.5/24"},
      {"gateway", "10.0.0.253.1"},
      {"gateway", "fe80::1"},
      {"netmask", "255.0.255.0"},
      {"primary-ip-address", "10.0.0.020"},
      {"private-ipv4s", R"(["10.0.0.20",7])"},
      {"private-ipv4s", "[2408::1]"},
      {"ipv4-prefixes", "10.0.0.33/28"},
      {"ipv6s", "[10.0.0.1]"},
      {"ipv6-gateway", "10.0.0.1"},
      {"vswitch-ipv6-cidr-block", "10.0.0.0/8"},
  };
  for (const auto& [item, value] : bad) {
    set(item, value);
    const auto eni = metadata_.eni(mac_);
    ASSERT_FALSE(eni.ok()) << item;
    EXPECT_TRUE(eni.error().is(ErrorKind::kUndecodable)) << item;
    EXPECT_THAT(eni.error().message(), HasSubstr(item));
    service_.items.erase("network/interfaces/macs/00:16:3e:12:e7:aa/" + item);
    if (item != "ipv4-prefixes" && !item.starts_with("ipv6") && item != "vswitch-ipv6-cidr-block") {
      const std::map<std::string, std::string> good{
          {"network-interface-id", "eni-bp1"}, {"vswitch-cidr-block", "10.0.0.0/24"},
          {"gateway", "10.0.0.253"},           {"netmask", "255.255.255.0"},
          {"primary-ip-address", "10.0.0.20"}, {"private-ipv4s", "[\"10.0.0.20\"]"}};
      set(item, good.at(item));
    }
  }
  EXPECT_TRUE(metadata_.eni(mac_).ok());
}

}  // namespace
}  // namespace catena::cloud
