#include "tests/crash/cloud/life.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "agent/pool.h"
#include "tests/crash/cloud/differences.h"
#include "tests/crash/cloud/random_steps.h"

namespace catena::crash {

using std::chrono::minutes;

namespace {
constexpr int kSteps = 8;
}  // namespace

std::vector<std::string> Life::run(Totals& totals) {
  std::vector<std::string> wronged = live(totals);
  std::vector<std::string> wrong = end();
  std::ranges::move(wronged, std::back_inserter(wrong));
  totals.own_enis += node_.pods().with_own_eni();
  for (const auto& [action, count] : node_.cloud().gateway().counts()) {
    totals.requests += static_cast<int>(count.calls);
  }
  return wrong;
}

// Pods that were wronged on the way.
std::vector<std::string> Life::live(Totals& totals) {
  std::vector<std::string> wronged;
  RandomSteps steps(node_, totals);
  for (int i = 0; i < kSteps; ++i) {
    steps.step();
    ipam::Store store = node_.open_store();
    std::ranges::move(node_.pods().wronged(node_.cloud().world(), store),
                      std::back_inserter(wronged));
    steps.pass_time();
  }
  return wronged;
}

// What is left when all pods have ended.
std::vector<std::string> Life::end() {
  node_.calm();
  ipam::Store ending = node_.open_store();
  node_.pods().end_all(ending);
  std::vector<std::string> wrong;
  if (recovery_ == Recovery::kOn) {
    wrong = recover();
  } else {
    node_.sleep(minutes(3));
  }
  node_.sleep(minutes(1));
  ipam::Store store = node_.open_store();
  std::ranges::move(differences(node_.cloud().world(), store), std::back_inserter(wrong));
  return wrong;
}

// As the daemon or an admin would: again and again, in a cloud that works.
std::vector<std::string> Life::recover() {
  std::vector<std::string> left;
  for (int i = 0; i < 5; ++i) {
    left.clear();
    node_.process("recover at the end",
                  [&](agent::Duty& duty) { return recover_once(duty, left); });
    if (left.empty()) {
      return left;
    }
    node_.sleep(minutes(3));
  }
  return left;
}

base::Status Life::recover_once(agent::Duty& duty, std::vector<std::string>& left) {
  agent::Recovered recovered = TRY(agent::sync_pool(duty));
  std::ranges::move(TRY(agent::recover(duty)).left, std::back_inserter(recovered.left));
  for (const std::string& line : recovered.done) {
    node_.story().tell("  " + line);
  }
  for (const base::Error& error : recovered.left) {
    left.push_back("not recovered: " + error.text());
    node_.story().tell("  " + left.back());
  }
  return {};
}

}  // namespace catena::crash
