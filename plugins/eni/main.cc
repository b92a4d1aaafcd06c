// catena-eni: a pod that asks for it gets a whole ENI as its interface.
#include "common/cni/plugin.h"
#include "plugins/eni/eni_plugin.h"

int main(int argc, char** argv) {
  using namespace catena;
  return cni::plugin_main({.name = "catena-eni",
                           .about = "gives a pod that asks for it an ENI of its own",
                           .release = CATENA_VERSION,
                           .add = eni::add,
                           .del = eni::del,
                           .check = eni::check,
                           .gc = eni::gc,
                           .status = eni::status},
                          argc, argv);
}
