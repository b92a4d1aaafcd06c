// catena-bandwidth: limits what a pod sends and receives, whatever plugin made its interface.
#include "common/cni/plugin.h"
#include "plugins/bandwidth/bandwidth_plugin.h"

int main(int argc, char** argv) {
  using namespace catena;
  return cni::plugin_main({.name = "catena-bandwidth",
                           .about = "limits what a pod sends and receives",
                           .release = CATENA_VERSION,
                           .add = bandwidth::add,
                           .del = bandwidth::del,
                           .check = bandwidth::check,
                           .gc = bandwidth::gc,
                           .status = bandwidth::status},
                          argc, argv);
}
