#include "agent/daemon/revoker.h"

#include <utility>

namespace catena::agent {

void Revoker::look() {
  again_ = true;
  if (looking_) {
    return;
  }
  again_ = false;
  Cluster& cluster = enforcer_.cluster();
  std::vector<FlowPlace> places = places_of_flows(cluster.rules(), cluster.records());
  if (places.empty()) {
    return;
  }
  looking_ = true;
  lane_.submit([this, places = std::move(places)] {
    std::vector<std::string> notices;
    std::vector<FlowsAt> flows = flows_at(places, notices);
    loop_.post([this, flows = std::move(flows), notices = std::move(notices)] {
      for (const std::string& notice : notices) {
        warn_(notice);
      }
      on_found(flows);
    });
  });
}

// By the rules of now: a policy may have come and gone while flows were read.
void Revoker::on_found(std::vector<FlowsAt> flows) {
  lane_.submit([this, flows = forbidden(enforcer_.cluster().rules(), std::move(flows))] {
    std::vector<std::string> notices;
    const std::size_t number = agent::cut(flows, notices);
    loop_.post([this, number, notices = std::move(notices)] { on_done(number, notices); });
  });
}

void Revoker::on_done(std::size_t number, const std::vector<std::string>& notices) {
  for (const std::string& notice : notices) {
    warn_(notice);
  }
  cut_ += number;
  looking_ = false;
  if (again_) {
    look();
  }
}

}  // namespace catena::agent
