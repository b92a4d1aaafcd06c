// catena-vpc-route: a pod gets an address of the node's podCIDR, carried by the VPC's route table.
#include "common/cni/plugin.h"
#include "plugins/vpc-route/vpc_route_plugin.h"

int main(int argc, char** argv) {
  using namespace catena;
  return cni::plugin_main({.name = "catena-vpc-route",
                           .about = "gives a pod an address of the node's podCIDR",
                           .release = CATENA_VERSION,
                           .add = vpc_route::add,
                           .del = vpc_route::del,
                           .check = vpc_route::check,
                           .gc = vpc_route::gc,
                           .status = vpc_route::status},
                          argc, argv);
}
