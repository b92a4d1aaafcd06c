#include "tests/kernel/sim/eni_scene.h"

#include <fstream>
#include <iterator>

namespace catena::test {

void EniScene::set_rp_filter(const std::string& value) const {
  node().sh("sysctl -qw net.ipv4.conf.all.rp_filter=" + value +
            " net.ipv4.conf.default.rp_filter=" + value);
}

ipam::Eni EniScene::eni_record(const std::string& id, const std::string& mac,
                               const std::string& vswitch) {
  const bool first = vswitch == "vsw-a";
  ipam::Eni eni;
  eni.id = id;
  eni.mac = must(base::Mac::parse(mac));
  eni.vswitch = vswitch;
  eni.gateway = ip(first ? "192.168.0.253" : "192.168.1.253");
  eni.prefix_length = 24;
  eni.gateway6 = ip(first ? "fd00:a::ffff:ffff:ffff:fff7" : "fd00:b::ffff:ffff:ffff:fff7");
  eni.state = ipam::EniState::kInUse;
  return eni;
}

void EniScene::put_eni(const ipam::Eni& eni) const {
  ipam::CloudChange change;
  change.put_enis = {eni};
  must(store().change(change));
}

nlohmann::json EniScene::config_of(const std::string& plugin) const {
  return {{"cniVersion", "1.1.0"},
          {"name", "testnet"},
          {"type", plugin},
          {"stateDir", state_dir()},
          {"logFile", dir() + "/log"}};
}

std::string EniScene::held() const {
  std::string text;
  ipam::Store opened = store();
  for (const ipam::Record& record : must(opened.list())) {
    if (record.state != ipam::State::kFree && record.state != ipam::State::kCooling) {
      text += record.address.to_string() + " " + name_of(record.state) + " " +
              record.owner.container_id + "\n";
    }
  }
  return text;
}

std::string EniScene::log() const {
  std::ifstream in(dir() + "/log");
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace catena::test
