// A large cluster under NetworkPolicies, as the test API server has it, and the part of it that is
// on this node.
#pragma once

#include <string>
#include <vector>

#include "common/netpol/record.h"
#include "tests/support/kube/object_store.h"

namespace catena::bench {

// 10,000 pods in 20 namespaces, 250 of them on node-1, and 1,000 policies, each of which selects
// some of these 250.
class PolicyCluster {
 public:
  explicit PolicyCluster(test::ObjectStore& objects) : objects_(objects) {}
  void put_all() const;

  // One object is another than before, in a way that concerns rules of this node. Number counts up.
  void relabel_peer(int number) const;       // pods elsewhere, by turns
  void change_port(int number) const;        // of a policy
  void start_peer(int number) const;         // a pod elsewhere that was not there
  void relabel_local_pod(int number) const;  // other policies select it
  void relabel_namespace(int number) const;  // with its 500 pods

  // Of this node's pods, as ADDs left them.
  static std::vector<netpol::Record> records(const std::string& netns);

 private:
  void put_pod(int pod, int role, int app) const;
  void put_policy(int policy, int port) const;
  void put_namespace(int space, int team) const;

  test::ObjectStore& objects_;
};

}  // namespace catena::bench
