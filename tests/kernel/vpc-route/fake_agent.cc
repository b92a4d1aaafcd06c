// Stands for catena-agent: "ok" writes the route entries down as the real one would.
#include "tests/support/agent/fake_agent.h"

int main(int argc, char** argv) {
  using namespace catena;
  const auto ensure_routes = [](const std::string&, const test::CallWords& words,
                                ipam::Store& store) -> std::string {
    for (int i = 0; !words.after("--cidr", i).empty(); ++i) {
      ipam::Route route;
      route.cidr = base::Prefix::parse(words.after("--cidr", i)).value();
      route.table = "vtb-1";
      route.entry = "rte-" + std::to_string(i);
      route.next_hop = "i-1";
      store.change({.put_routes = {route}}).value();
    }
    return "";
  };
  return test::run_fake_agent({argc, argv}, {"ok"}, ensure_routes);
}
