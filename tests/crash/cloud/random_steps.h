// What happens on a node by chance: duties, pods, time, and somebody in the console.
#pragma once

#include <string>

#include "tests/crash/cloud/mortal_node.h"

namespace catena::crash {

class RandomSteps {
 public:
  // Counts what comes of them in `totals`.
  RandomSteps(MortalNode& node, Totals& totals) : node_(node), totals_(totals) {}

  // Pods come and go, and one process does a duty, while the cloud fails.
  void step();
  // What takes place between steps: time goes by, and somebody changes an ENI of ours.
  void pass_time();

 private:
  void pods_come_and_go();
  void do_a_duty();
  void somebody_else();

  void grow_pool();
  void keep_pool();
  void sync_pool();
  void grow_exclusive();
  void keep_exclusive();
  void grow_eni();
  void grow_addresses(const ipam::Eni& eni);
  void release_addresses(const ipam::Eni& eni);
  void release_eni(const ipam::Eni& eni);
  void ensure_route();
  void remove_route();
  void recover();
  void recover_perhaps_after_a_boot();

  void process(const std::string& name, const MortalNode::Work& work);
  int below(int bound) { return node_.below(bound); }
  bool one_in(int n) { return node_.one_in(n); }

  MortalNode& node_;
  Totals& totals_;
};

}  // namespace catena::crash
