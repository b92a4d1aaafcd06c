#include "tests/bench/eni_rig.h"

#include <cstdio>
#include <cstdlib>
#include <string>

#include <nlohmann/json.hpp>

#include "common/ipam/store.h"

namespace catena::bench {
namespace {

constexpr std::size_t kAddressesOfAnEni = 50;

template <typename T>
T must(base::Result<T> result) {
  if (!result.ok()) {
    std::fprintf(stderr, "bench: %s\n", result.error().text().c_str());
    std::exit(2);
  }
  return std::move(result).value();
}

ipam::Eni eni_of(std::size_t number) {
  char mac[24];
  std::snprintf(mac, sizeof mac, "00:16:3e:00:02:%02zx", number);
  const std::string net = "10.1." + std::to_string(number) + ".";
  ipam::Eni eni;
  eni.id = "eni-" + std::to_string(number);
  eni.mac = must(base::Mac::parse(mac));
  eni.vswitch = "vsw-1";
  eni.address = must(base::IpAddress::parse(net + "1"));
  eni.gateway = must(base::IpAddress::parse(net + "253"));
  eni.prefix_length = 24;
  eni.mode = ipam::kSharedMode;
  eni.state = ipam::EniState::kInUse;
  return eni;
}

void plug(const Rig& rig, const ipam::Eni& eni, std::size_t number) {
  const std::string name = std::to_string(number);
  rig.node.sh("ip link add eth" + name + " address " + eni.mac.to_string() +
              " type veth peer name far" + name + "; ip link set far" + name + " up");
}

}  // namespace

std::unique_ptr<Rig> eni_rig(std::size_t pods) {
  auto rig = node_rig("multiip", our_binary("multiip"));
  ipam::Store store(rig->dir.path(), {});
  for (std::size_t number = 1; (number - 1) * kAddressesOfAnEni < pods; ++number) {
    const ipam::Eni eni = eni_of(number);
    plug(*rig, eni, number);
    ipam::CloudChange change;
    change.put_enis = {eni};
    for (std::size_t i = 0; i < kAddressesOfAnEni; ++i) {
      change.put_addresses.push_back({eni.address.plus(i), eni.id});
    }
    if (const base::Status put = store.change(change); !put.ok()) {
      std::fprintf(stderr, "bench: %s\n", put.error().text().c_str());
      std::exit(2);
    }
  }
  const nlohmann::json configuration = {{"cniVersion", "1.0.0"},
                                        {"name", "bench"},
                                        {"type", "catena-multiip"},
                                        {"stateDir", rig->dir.path()},
                                        {"coolSeconds", 0}};
  rig->conf_json = configuration.dump();
  return rig;
}

}  // namespace catena::bench
