// ADDs that wait until the rules of their pods are in the kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "agent/daemon/desk.h"
#include "agent/daemon/lane.h"
#include "agent/daemon/loop.h"
#include "agent/policy/enforcer.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/netpol/record.h"

namespace catena::agent {

// Of what a policy duty is asked with.
inline constexpr std::size_t kMostPolicyArgs = std::size_t{64} << 10U;  // bytes

// Of the loop's thread.
class PolicyAsks {
 public:
  struct Keeper {
    std::function<void()> write;  // everything that is known by now, then answer()
    std::function<void(const std::string&)> warn;
  };
  // All must outlive it. `api` as agent/api.h has it: pods that the watch does not know yet are
  // looked up there.
  PolicyAsks(std::string api, Enforcer& enforcer, Loop& loop, base::Log& log, Keeper keeper)
      : api_(std::move(api)),
        enforcer_(enforcer),
        loop_(loop),
        log_(log),
        write_(std::move(keeper.write)),
        warn_(std::move(keeper.warn)) {}
  PolicyAsks(const PolicyAsks&) = delete;
  PolicyAsks& operator=(const PolicyAsks&) = delete;
  PolicyAsks(PolicyAsks&&) = delete;
  PolicyAsks& operator=(PolicyAsks&&) = delete;
  ~PolicyAsks();

  // False: it was no such request, and is answered.
  bool take(const std::string& args, Millis budget, const Desk::Reply& reply);
  // Hands the pods that are new to the enforcer; they are valid until answer(). With its lock held.
  std::vector<const netpol::Record*> put_new();
  // What was put is written, or was not.
  void answer(const base::Status& written);

 private:
  struct Asker {
    std::uint64_t number = 0;
    netpol::Record record;
    base::Deadline deadline;
    Desk::Reply reply;
    Loop::TimerId end = 0;
  };

  bool is_over(const Asker& asker);
  void answer_new(const base::Status& written);
  void answer_settled();
  void wait_for_pod(Asker asker);
  void on_looked_up(std::uint64_t asker, const base::Result<nlohmann::json>& pod);
  void give_up(std::uint64_t asker);

  std::string api_;
  Enforcer& enforcer_;
  Loop& loop_;
  base::Log& log_;
  std::function<void()> write_;
  std::function<void(const std::string&)> warn_;
  Lane look_ups_;
  std::list<Asker> new_;      // not in the kernel yet
  std::list<Asker> waiting_;  // closed, until somebody knows the pod
  std::uint64_t last_number_ = 0;
};

}  // namespace catena::agent
