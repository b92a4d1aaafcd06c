#include "tests/chain/beyond_vpc.h"

namespace catena::test {
namespace {

// The ends know each other by permanent neighbours: a router of the simulated VPC answers no ARP
// but its ENIs'.
constexpr const char* kVpcMac = "02:00:00:00:be:01";
constexpr const char* kBeyondMac = "02:00:00:00:be:02";

std::string neighbour(const std::string& address, const char* mac, const std::string& link) {
  return "ip neigh add " + address + " lladdr " + mac + " dev " + link + " nud permanent\n";
}

}  // namespace

BeyondVpc::BeyondVpc(const ScratchNetNs& vpc_netns) {
  netns_.sh("ip addr add " + service().to_string() + "/32 dev lo; ip addr add " +
            stranger(base::Family::kIpv4).to_string() + "/32 dev lo; ip addr add " +
            stranger(base::Family::kIpv6).to_string() + "/128 dev lo nodad");
  // The VPC's source check knows ENIs only.
  vpc_netns.sh("set -e\nip link add beyond address " + std::string(kVpcMac) +
               " type veth peer name vpc address " + kBeyondMac + " netns " + netns_.path() +
               "\nip link set beyond up\n"
               "nft add element inet vpc senders '{ \"beyond\" . " +
               kBeyondMac + " }'\nnft add element inet vpc forwarders '{ \"beyond\" }'\n" +
               neighbour("169.254.0.2", kBeyondMac, "beyond") +
               neighbour("fe80::2", kBeyondMac, "beyond") +
               "ip route add 100.64.0.0/10 via 169.254.0.2 dev beyond onlink\n"
               "ip route add 203.0.113.0/24 via 169.254.0.2 dev beyond onlink\n"
               "ip -6 route add 2001:db8:ffff::/48 via fe80::2 dev beyond\n");
  netns_.sh("set -e\nip link set vpc up\n" + neighbour("169.254.0.1", kVpcMac, "vpc") +
            neighbour("fe80::1", kVpcMac, "vpc"));
  call_as(stranger(base::Family::kIpv4));
  call_as(stranger(base::Family::kIpv6));
}

void BeyondVpc::call_as(const base::IpAddress& address) const {
  netns_.sh((address.is_v4() ? "ip route replace default via 169.254.0.1 dev vpc onlink src "
                             : "ip -6 route replace default via fe80::1 dev vpc src ") +
            address.to_string());
}

base::IpAddress BeyondVpc::service() { return base::IpAddress::parse("100.100.2.136").value(); }

base::IpAddress BeyondVpc::stranger(base::Family family) {
  return base::IpAddress::parse(family == base::Family::kIpv4 ? "203.0.113.9" : "2001:db8:ffff::9")
      .value();
}

}  // namespace catena::test
