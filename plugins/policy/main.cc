// catena-policy: NetworkPolicy of a pod, in the kernel before the pod carries a packet.
#include "common/cni/plugin.h"
#include "plugins/policy/policy_plugin.h"

int main(int argc, char** argv) {
  using namespace catena;
  return cni::plugin_main({.name = "catena-policy",
                           .about = "puts NetworkPolicy in place before a pod carries a packet",
                           .release = CATENA_VERSION,
                           .add = policy::add,
                           .del = policy::del,
                           .check = policy::check,
                           .gc = policy::gc,
                           .status = policy::status},
                          argc, argv);
}
