// What the program can be told to do. Each holds the lock of the iptables commands while it works.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/netpol/rules.h"

namespace catena::xtables {

struct Options {
  std::string nic;    // rules of one pod's own NIC, in whose namespace this runs; empty: the node
  bool some = false;  // of the subjects in the model alone
  std::chrono::seconds wait{5};  // for the lock
};

// True when something had to be changed. After it the kernel holds what the model says: with `some`
// of its subjects, else that and nothing more.
base::Result<bool> apply(const netpol::Rules& model, const Options& options);
// A sentence for each thing that apply() would change. Changes nothing.
base::Result<std::vector<std::string>> check(const netpol::Rules& model, const Options& options);
// Success when apply() can do all that it may have to. Changes nothing.
base::Status probe(const Options& options);
// Subjects that are isolated in a direction.
base::Result<std::set<std::string>> list(const Options& options);
// True when there was something of them.
base::Result<bool> forget(const std::set<std::string>& subjects, const Options& options);
// All that this program made. True when there was something.
base::Result<bool> remove(const Options& options);

}  // namespace catena::xtables
