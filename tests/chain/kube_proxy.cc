#include "tests/chain/kube_proxy.h"

#include <gtest/gtest.h>

#include "tests/support/process.h"

namespace catena::test {
namespace {

std::string host(const base::IpAddress& address) {
  return address.to_string() + (address.is_v4() ? "/32" : "/128");
}

std::string at(const base::IpAddress& address, std::uint16_t port) {
  const std::string text = address.to_string();
  return (address.is_v4() ? text : "[" + text + "]") + ":" + std::to_string(port);
}

// NodePorts: straight to the backend where the caller's address is kept, else masqueraded.
std::string external_chain(const Service& service) {
  if (!service.keeps_caller) {
    return "-A KUBE-EXT-WEB -j KUBE-MARK-MASQ\n"
           "-A KUBE-EXT-WEB -j KUBE-SVC-WEB\n";
  }
  return "-A KUBE-EXT-WEB -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ\n"
         "-A KUBE-EXT-WEB -m addrtype --src-type LOCAL -j KUBE-SVC-WEB\n"
         "-A KUBE-EXT-WEB -j KUBE-SEP-WEB\n";
}

std::string restored(const Service& service) {
  const std::string to_service =
      "-d " + host(service.cluster_ip) + " -p tcp -m tcp --dport " + std::to_string(kServicePort);
  return "*filter\n"
         ":KUBE-FORWARD - [0:0]\n"
         "-A FORWARD -j KUBE-FORWARD\n"
         "-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP\n"
         "-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT\n"
         "-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
         "COMMIT\n"
         "*nat\n"
         ":KUBE-EXT-WEB - [0:0]\n"
         ":KUBE-MARK-MASQ - [0:0]\n"
         ":KUBE-NODEPORTS - [0:0]\n"
         ":KUBE-POSTROUTING - [0:0]\n"
         ":KUBE-SEP-WEB - [0:0]\n"
         ":KUBE-SERVICES - [0:0]\n"
         ":KUBE-SVC-WEB - [0:0]\n"
         "-A PREROUTING -j KUBE-SERVICES\n"
         "-A OUTPUT -j KUBE-SERVICES\n"
         "-A POSTROUTING -j KUBE-POSTROUTING\n"
         "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN\n"
         "-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000\n"
         "-A KUBE-POSTROUTING -j MASQUERADE --random-fully\n"
         "-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000\n"
         "-A KUBE-SERVICES " +
         to_service +
         " -j KUBE-SVC-WEB\n"
         "-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS\n"
         "-A KUBE-NODEPORTS -p tcp -m tcp --dport " +
         std::to_string(kNodePort) + " -j KUBE-EXT-WEB\n" + external_chain(service) +
         (service.masquerade_all ? "-A KUBE-SVC-WEB " + to_service + " -j KUBE-MARK-MASQ\n" : "") +
         "-A KUBE-SVC-WEB -j KUBE-SEP-WEB\n"
         "-A KUBE-SEP-WEB -s " +
         host(service.backend) +
         " -j KUBE-MARK-MASQ\n"
         "-A KUBE-SEP-WEB -p tcp -m tcp -j DNAT --to-destination " +
         at(service.backend, kBackendPort) + "\nCOMMIT\n";
}

std::string external_statements(const Service& service) {
  return service.keeps_caller ? "fib saddr type local jump mark-for-masquerade; goto endpoint-web;"
                              : "jump mark-for-masquerade; goto service-web;";
}

std::string ruleset(const Service& service) {
  const std::string ip = service.cluster_ip.is_v4() ? "ip" : "ip6";
  const std::string table = ip + " kube-proxy";
  const std::string masquerade_all =
      service.masquerade_all
          ? ip + " daddr " + service.cluster_ip.to_string() + " jump mark-for-masquerade; "
          : "";
  return "add table " + table + "\ndelete table " + table + "\ntable " + table +
         " {\n"
         "chain mark-for-masquerade { meta mark set meta mark or 0x4000; }\n"
         "chain masquerading { meta mark & 0x4000 == 0 return;"
         " meta mark set meta mark xor 0x4000; masquerade fully-random; }\n"
         "chain endpoint-web { " +
         ip + " saddr " + service.backend.to_string() +
         " jump mark-for-masquerade; meta l4proto tcp dnat to " +
         at(service.backend, kBackendPort) +
         "; }\n"
         "chain service-web { " +
         masquerade_all +
         "goto endpoint-web; }\n"
         "chain external-web { " +
         external_statements(service) +
         " }\n"
         "chain services { " +
         ip + " daddr " + service.cluster_ip.to_string() + " tcp dport " +
         std::to_string(kServicePort) + " goto service-web; fib daddr type local tcp dport " +
         std::to_string(kNodePort) +
         " goto external-web; }\n"
         "chain nat-prerouting { type nat hook prerouting priority dstnat; jump services; }\n"
         "chain nat-output { type nat hook output priority -100; jump services; }\n"
         "chain nat-postrouting { type nat hook postrouting priority srcnat; jump masquerading; }\n"
         "chain filter-forward { type filter hook forward priority -110;"
         " ct state invalid drop; }\n"
         "}\n";
}

std::vector<std::string> writer(ProxyMode mode, bool ipv4) {
  if (mode == ProxyMode::kNftables) {
    return {"nft", "-f", "-"};
  }
  const std::string kind = mode == ProxyMode::kIptablesLegacy ? "legacy" : "nft";
  return {(ipv4 ? "iptables-" : "ip6tables-") + kind + "-restore", "-w", "10"};
}

}  // namespace

const char* name_of(ProxyMode mode) {
  switch (mode) {
    case ProxyMode::kIptables:
      return "Iptables";
    case ProxyMode::kIptablesLegacy:
      return "IptablesLegacy";
    case ProxyMode::kNftables:
      return "Nftables";
  }
  return "";
}

void write_service(const ScratchNetNs& node, ProxyMode mode, const Service& service) {
  const bool nftables = mode == ProxyMode::kNftables;
  const Outcome written = run_process(
      writer(mode, service.cluster_ip.is_v4()),
      {.input = nftables ? ruleset(service) : restored(service), .netns_fd = node.fd()});
  ASSERT_EQ(written.exit_status, 0) << written.out << written.err;
}

}  // namespace catena::test
