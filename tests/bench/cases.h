// The benchmarks by name.
#pragma once

#include <string>
#include <vector>

#include "tests/bench/figures.h"

namespace catena::bench {

struct Size {
  int samples = 100;
  int bursts = 12;
};

std::vector<Figure> measure_exec(const Size& size);
std::vector<Figure> measure_store(const Size& size);
// STATUS of each plugin.
std::vector<Figure> measure_status(const Size& size);
// ADD and DEL of single pods: figures "vpc-route-add" and "del".
std::vector<Figure> measure_pods(const Size& size);
// ADD of multiip with a warm pool: figure "multiip-add".
std::vector<Figure> measure_multiip(const Size& size);
// A packet from a pod, 250 pods on the node against 1.
std::vector<Figure> measure_flow(const Size& size);
std::vector<Figure> measure_burst(const Size& size);
// ADD and DEL of whole chains by cnitool: figures "chain-add" and "chain-del".
std::vector<Figure> measure_chain(const Size& size);
// 250 ADDs of multiip at once: figure "burst-250".
std::vector<Figure> measure_many(const Size& size);
// Figures "eni-add" and "eni-ready".
std::vector<Figure> measure_own_eni(const Size& size);
std::vector<Figure> measure_pool(const Size& size);
// ADD and DEL of a pod's limits: figures "bandwidth-add" and "bandwidth-del".
std::vector<Figure> measure_bandwidth(const Size& size);
// ADD of policy, the agent's part included: figure "policy-add".
std::vector<Figure> measure_policy(const Size& size);
// The first packet of a connection under policies: twice figure "new-flow".
std::vector<Figure> measure_new_flow(const Size& size);
// An agent on a node with many policies: figures "policy-latency", from an object's change to the
// kernel, and "agent", what it takes of memory and processor.
std::vector<Figure> measure_policy_load(const Size& size);
// What arrives under a limit; the table goes to stderr.
std::vector<Figure> measure_shaping(const Size& size);

}  // namespace catena::bench
