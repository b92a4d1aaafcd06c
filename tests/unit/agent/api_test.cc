// Which API server is meant.
#include "agent/api.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace catena::agent {
namespace {

using testing::HasSubstr;

constexpr const char* kInPod = "KUBERNETES_SERVICE_HOST";

class Api : public testing::Test {
 protected:
  Api() { forget(); }
  ~Api() override { forget(); }
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;
  Api(Api&&) = delete;
  Api& operator=(Api&&) = delete;

  static void forget() {
    ::unsetenv(kApiVariable);
    ::unsetenv(kInPod);
  }
  static void set(const char* name, const char* value) { ::setenv(name, value, 1); }
};

TEST_F(Api, WhatIsNamedIsTaken) {
  set(kApiVariable, "/from/environment");
  for (const char* given : {"in-cluster", "none", "/etc/kubernetes/admin.conf"}) {
    EXPECT_EQ(*resolve_api(given), given);
  }
}

TEST_F(Api, AutoTakesTheVariableThenThePodsAccount) {
  set(kInPod, "10.96.0.1");
  EXPECT_EQ(*resolve_api("auto"), "in-cluster");
  set(kApiVariable, "/from/environment");
  EXPECT_EQ(*resolve_api("auto"), "/from/environment");
  set(kApiVariable, "none");
  EXPECT_EQ(*resolve_api("auto"), "none");
  set(kApiVariable, "auto");
  EXPECT_EQ(*resolve_api("auto"), "in-cluster");
}

TEST_F(Api, AnythingElseIsRefusedByTheNameUnderWhichItCame) {
  for (const char* given : {"", "kubeconfig", "https://10.0.0.1:6443"}) {
    const auto api = resolve_api(given);
    ASSERT_FALSE(api.ok()) << given;
    EXPECT_TRUE(api.error().is(base::ErrorKind::kBadConfig));
    EXPECT_THAT(api.error().text(), HasSubstr("--api '" + std::string(given) + "'"));
  }
  set(kApiVariable, "kubeconfig");
  EXPECT_THAT(resolve_api("auto").error().text(), HasSubstr("CATENA_API 'kubeconfig'"));
}

TEST_F(Api, NoneIsAnErrorThatSaysHowToNameOne) {
  const auto config = api_config("none");
  ASSERT_FALSE(config.ok());
  EXPECT_THAT(config.error().text(), testing::AllOf(HasSubstr("--api"), HasSubstr("CATENA_API")));
}

}  // namespace
}  // namespace catena::agent
