// catena-multiip: a pod gets a secondary address of an ENI that the node's pods share.
#include "common/cni/plugin.h"
#include "plugins/multiip/multiip_plugin.h"

int main(int argc, char** argv) {
  using namespace catena;
  return cni::plugin_main({.name = "catena-multiip",
                           .about = "gives a pod an address of an ENI that pods share",
                           .release = CATENA_VERSION,
                           .add = multiip::add,
                           .del = multiip::del,
                           .check = multiip::check,
                           .gc = multiip::gc,
                           .status = multiip::status},
                          argc, argv);
}
