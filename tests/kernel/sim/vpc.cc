#include "tests/kernel/sim/vpc.h"

#include <filesystem>
#include <iostream>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/probe.h"

namespace catena::test {
namespace {

std::string path_of(const std::string& netns) { return "/run/netns/" + netns; }

}  // namespace

std::string netns_name(const std::string& what) {
  return "ctntest" + std::to_string(::getpid()) + "-" + what;
}

base::IpAddress ip(const std::string& text) { return must(base::IpAddress::parse(text)); }
base::Prefix prefix(const std::string& text) { return must(base::Prefix::parse_or_host(text)); }

sim::PlaneNic nic(const std::string& id, const std::string& mac, const std::string& vswitch,
                  const std::vector<std::string>& addresses) {
  sim::PlaneNic made;
  made.id = id;
  made.mac = must(base::Mac::parse(mac));
  made.vswitch = vswitch;
  for (const std::string& address : addresses) {
    made.addresses.push_back(prefix(address));
  }
  return made;
}

Vpc::Vpc(int mtu) {
  state_ = std::make_unique<sim::StateDir>(must(sim::StateDir::open(dir_.path() + "/state")));
  plane_ = must(sim::NetnsPlane::start(
      *state_, {.vpc_netns = netns_name("vpc"),
                .service_addresses = {ip("100.100.100.200")},
                .report = [](const base::Error& error) { ADD_FAILURE() << error.text(); }}));
  must(plane_->add_switch({"vsw-a", prefix("192.168.0.0/24"), ip("192.168.0.253"),
                           prefix("fd00:a::/64"), ip("fd00:a::ffff:ffff:ffff:fff7")}));
  must(plane_->add_switch({"vsw-b", prefix("192.168.1.0/24"), ip("192.168.1.253"),
                           prefix("fd00:b::/64"), ip("fd00:b::ffff:ffff:ffff:fff7")}));
  add_node("i-a", 1, "vsw-a", {"192.168.0.10", "fd00:a::10"}, mtu);
  add_node("i-b", 2, "vsw-b", {"192.168.1.10", "fd00:b::10"}, mtu);
  add_node("i-c", 3, "vsw-b", {"192.168.1.11", "fd00:b::11"}, mtu);
}

void Vpc::add_node(const std::string& id, int number, const std::string& vswitch,
                   const std::vector<std::string>& addresses, int mtu) {
  sim::PlaneNic primary =
      nic("eni-" + id, "00:16:3e:00:00:0" + std::to_string(number), vswitch, addresses);
  primary.mtu = mtu;
  must(plane_->add_node({id, netns_name(id), primary}));
  nodes_[id] = std::make_unique<ScratchNetNs>(path_of(netns_name(id)));
}

void Vpc::end() { plane_.reset(); }

bool Vpc::is_gone() const {
  for (const char* name : {"vpc", "i-a", "i-b", "i-c"}) {
    if (std::filesystem::exists(path_of(netns_name(name)))) {
      return false;
    }
  }
  return true;
}

bool pings(const ScratchNetNs& from, const std::string& address) {
  return from.sh_ok("ping -n -c 1 -W 2 " + address);
}

bool reaches(const ScratchNetNs& from, const std::string& source, const ScratchNetNs& to,
             const std::string& destination) {
  const std::string route = "local " + destination + " dev lo";
  const bool foreign = to.sh("ip addr show to " + destination).empty();
  if (foreign) {
    to.sh("ip route add " + route);
  }
  from.sh("sysctl -q net.ipv6.ip_nonlocal_bind=1");
  const bool arrived = udp_probe({.from = from,
                                  .source = ip(source),
                                  .to = to,
                                  .destination = ip(destination),
                                  .patience = kLongEnough})
                           .has_value();
  if (foreign) {
    to.sh("ip route del " + route);
  }
  return arrived;
}

}  // namespace catena::test
