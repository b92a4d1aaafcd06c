#include "sim/dataplane/neighbour_messages.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <netinet/ip6.h>

namespace catena::sim {
namespace {

using base::Family;
using base::IpAddress;
using base::Mac;

struct ArpFrame {
  ether_header ethernet;
  ether_arp arp;
};

struct Advertisement {
  nd_neighbor_advert message;
  nd_opt_hdr option;
  std::uint8_t link_address[ETH_ALEN];
};
static_assert(sizeof(Advertisement) == 32);  // RFC 4861, 4.4, with one option

constexpr std::uint8_t kHopLimit = 255;  // RFC 4861, 7.1: anything else is off the link

Mac mac_of(const std::uint8_t* bytes) {
  Mac mac;
  std::memcpy(mac.bytes.data(), bytes, mac.bytes.size());
  return mac;
}

// What stands at `offset`; frames are not aligned.
template <typename T>
std::optional<T> part_of(std::string_view frame, std::size_t offset) {
  T part{};
  if (frame.size() < offset + sizeof(T)) {
    return std::nullopt;
  }
  std::memcpy(&part, frame.data() + offset, sizeof(T));
  return part;
}

std::optional<NeighbourQuestion> parse_arp(std::string_view bytes) {
  const auto frame = part_of<ArpFrame>(bytes, 0);
  if (!frame || frame->arp.ea_hdr.ar_hrd != htons(ARPHRD_ETHER) ||
      frame->arp.ea_hdr.ar_pro != htons(ETHERTYPE_IP) || frame->arp.ea_hdr.ar_hln != ETH_ALEN ||
      frame->arp.ea_hdr.ar_pln != 4 || frame->arp.ea_hdr.ar_op != htons(ARPOP_REQUEST)) {
    return std::nullopt;
  }
  return NeighbourQuestion{mac_of(&frame->ethernet.ether_shost[0]),
                           IpAddress::from_bytes(Family::kIpv4, &frame->arp.arp_spa[0]),
                           IpAddress::from_bytes(Family::kIpv4, &frame->arp.arp_tpa[0])};
}

std::optional<NeighbourQuestion> parse_solicitation(std::string_view bytes) {
  const auto ethernet = part_of<ether_header>(bytes, 0);
  const auto ip = part_of<ip6_hdr>(bytes, sizeof(ether_header));
  const auto message = part_of<nd_neighbor_solicit>(bytes, sizeof(ether_header) + sizeof(ip6_hdr));
  if (!message || ip->ip6_nxt != IPPROTO_ICMPV6 || ip->ip6_hlim != kHopLimit ||
      message->nd_ns_type != ND_NEIGHBOR_SOLICIT || message->nd_ns_code != 0) {
    return std::nullopt;
  }
  return NeighbourQuestion{mac_of(&ethernet->ether_shost[0]),
                           IpAddress::from_bytes(Family::kIpv6, &ip->ip6_src),
                           IpAddress::from_bytes(Family::kIpv6, &message->nd_ns_target)};
}

ether_header ethernet_header(const Mac& to, const Mac& from, std::uint16_t type) {
  ether_header header{};
  std::memcpy(&header.ether_dhost[0], to.bytes.data(), to.bytes.size());
  std::memcpy(&header.ether_shost[0], from.bytes.data(), from.bytes.size());
  header.ether_type = htons(type);
  return header;
}

template <typename T>
std::string bytes_of(const T& part) {
  return {reinterpret_cast<const char*>(&part), sizeof(T)};
}

std::string arp_answer(const NeighbourQuestion& question, const Mac& owner) {
  ArpFrame frame{ethernet_header(question.sender, owner, ETHERTYPE_ARP), {}};
  ether_arp& arp = frame.arp;
  arp.ea_hdr = {htons(ARPHRD_ETHER), htons(ETHERTYPE_IP), ETH_ALEN, 4, htons(ARPOP_REPLY)};
  std::memcpy(&arp.arp_sha[0], owner.bytes.data(), ETH_ALEN);
  std::memcpy(&arp.arp_spa[0], question.target.data(), 4);
  std::memcpy(&arp.arp_tha[0], question.sender.bytes.data(), ETH_ALEN);
  std::memcpy(&arp.arp_tpa[0], question.asker.data(), 4);
  return bytes_of(frame);
}

// RFC 1071 over `bytes`, of even length.
std::uint32_t sum_of(std::string_view bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    sum += std::uint32_t{static_cast<std::uint8_t>(bytes[i])} << 8U |
           static_cast<std::uint8_t>(bytes[i + 1]);
  }
  return sum;
}

std::uint16_t folded(std::uint32_t sum) {
  while (sum > 0xffff) {
    sum = (sum >> 16U) + (sum & 0xffffU);
  }
  return htons(static_cast<std::uint16_t>(~sum));
}

std::string advertisement(const NeighbourQuestion& question, const Mac& owner) {
  ip6_hdr ip{};
  ip.ip6_flow = htonl(6U << 28U);  // the version
  ip.ip6_plen = htons(sizeof(Advertisement));
  ip.ip6_nxt = IPPROTO_ICMPV6;
  ip.ip6_hlim = kHopLimit;
  std::memcpy(&ip.ip6_src, question.target.data(), 16);
  std::memcpy(&ip.ip6_dst, question.asker.data(), 16);
  Advertisement advertisement{};
  icmp6_hdr& header = advertisement.message.nd_na_hdr;
  header.icmp6_type = ND_NEIGHBOR_ADVERT;
  header.icmp6_data32[0] = ND_NA_FLAG_ROUTER | ND_NA_FLAG_SOLICITED | ND_NA_FLAG_OVERRIDE;
  std::memcpy(&advertisement.message.nd_na_target, question.target.data(), 16);
  advertisement.option = {ND_OPT_TARGET_LINKADDR, 1};  // length in units of 8 bytes
  std::memcpy(&advertisement.link_address[0], owner.bytes.data(), ETH_ALEN);
  // Over the pseudo header (RFC 8200, 8.1: addresses, length, next header) and the message.
  const std::string addresses = bytes_of(ip.ip6_src) + bytes_of(ip.ip6_dst);
  header.icmp6_cksum = folded(sum_of(addresses) + sum_of(bytes_of(advertisement)) +
                              sizeof(Advertisement) + IPPROTO_ICMPV6);
  return bytes_of(ethernet_header(question.sender, owner, ETHERTYPE_IPV6)) + bytes_of(ip) +
         bytes_of(advertisement);
}

}  // namespace

std::optional<NeighbourQuestion> parse_question(std::string_view frame) {
  const auto header = part_of<ether_header>(frame, 0);
  if (!header) {
    return std::nullopt;
  }
  switch (ntohs(header->ether_type)) {
    case ETHERTYPE_ARP:
      return parse_arp(frame);
    case ETHERTYPE_IPV6:
      return parse_solicitation(frame);
    default:
      return std::nullopt;
  }
}

std::string answer_to(const NeighbourQuestion& question, const base::Mac& owner) {
  return question.target.is_v4() ? arp_answer(question, owner) : advertisement(question, owner);
}

}  // namespace catena::sim
