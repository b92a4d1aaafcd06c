// Prints what a store holds, a line each: address, state, owner.
#include <cstdio>

#include "common/ipam/store.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: store_probe DIRECTORY\n");
    return 2;
  }
  catena::ipam::Store store(argv[1], {});
  const auto records = store.list();
  if (!records.ok()) {
    std::fprintf(stderr, "%s\n", records.error().text().c_str());
    return 1;
  }
  for (const auto& record : *records) {
    std::printf("%s %s %s\n", record.address.to_string().c_str(),
                catena::ipam::name_of(record.state), record.owner.container_id.c_str());
  }
  return 0;
}
