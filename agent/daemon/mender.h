// Keeps what the node has of pods whole (source routing of shared ENIs, links to pods that have an
// ENI of their own, guard and masquerade): mends at once what somebody else removed, and says what
// that was.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "agent/daemon/loop.h"
#include "agent/daemon/metrics.h"
#include "agent/repair.h"
#include "agent/repair_links.h"
#include "common/base/log.h"
#include "common/enilink/monitor.h"

namespace catena::agent {

// Of the loop's thread and namespace.
class Mender {
 public:
  // `conflist` says what there should be. All must outlive it.
  static base::Result<std::unique_ptr<Mender>> open(const std::string& state_dir,
                                                    const std::string& conflist, Loop& loop,
                                                    base::Log& log, Tally& tally);
  Mender(const Mender&) = delete;
  Mender& operator=(const Mender&) = delete;
  Mender(Mender&&) = delete;
  Mender& operator=(Mender&&) = delete;
  ~Mender();

  // The conflist may have changed; everything is compared.
  void read_anew();
  // Compares everything soon; many calls are one comparison.
  void compare_soon();

 private:
  Mender(const std::string& state_dir, std::string conflist, Loop& loop, base::Log& log,
         Tally& tally);
  base::Result<enilink::State> enis();
  base::Result<enilink::Repair> mend_links(const enilink::Kernel& kernel);
  void compare();
  void report(const base::Result<enilink::Repair>& repair);

  ipam::Store store_;
  std::string conflist_;
  Loop& loop_;
  base::Log& log_;
  Tally& tally_;
  std::optional<RoutingKeys> keys_;
  LinkKeys links_;
  std::optional<enilink::Monitor> monitor_;
  Loop::TimerId timer_ = 0;
  std::string last_failure_;
};

}  // namespace catena::agent
