#include "common/kube/resource.h"

#include <gtest/gtest.h>

#include "common/kube/backoff.h"

namespace catena::kube {
namespace {

using std::chrono::milliseconds;

TEST(Resource, PathsAreThoseOfTheApi) {
  EXPECT_EQ(path_of(Reference{kNodes, "", "worker-1"}), "/api/v1/nodes/worker-1");
  EXPECT_EQ(path_of(Reference{kPods, "kube-system", "a"}, "status"),
            "/api/v1/namespaces/kube-system/pods/a/status");
  EXPECT_EQ(path_of(Reference{kNetworkPolicies, "x", "a/b"}),
            "/apis/networking.k8s.io/v1/namespaces/x/networkpolicies/a%2Fb");
}

TEST(Resource, SelectorsAreEncoded) {
  EXPECT_EQ(path_of(Selection{.resource = kPods}, {}), "/api/v1/pods");
  EXPECT_EQ(path_of(Selection{.resource = kPods,
                              .space = "x",
                              .fields = "spec.nodeName=n",
                              .labels = "app in (a,b)"},
                    {{"limit", "5"}, {"continue", ""}}),
            "/api/v1/namespaces/x/pods?fieldSelector=spec.nodeName%3Dn"
            "&labelSelector=app%20in%20%28a%2Cb%29&limit=5");
}

TEST(Backoff, DoublesUpToItsMostAndIsSpread) {
  Backoff backoff({milliseconds(100), milliseconds(400)});
  for (const int base : {100, 200, 400, 400, 400}) {
    const milliseconds wait = backoff.next();
    EXPECT_GE(wait, milliseconds(base));
    EXPECT_LE(wait, milliseconds(base * 3 / 2));
  }
  EXPECT_GE(backoff.next(milliseconds(5'000)), milliseconds(5'000));
  backoff.reset();
  EXPECT_LE(backoff.next(), milliseconds(150));
}

}  // namespace
}  // namespace catena::kube
