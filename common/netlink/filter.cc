#include "common/netlink/filter.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/tc_act/tc_mirred.h>
#include <netinet/in.h>

#include "common/netlink/message.h"
#include "common/netlink/socket.h"
#include "common/netlink/traffic.h"

namespace catena::netlink {
namespace {

constexpr const char* kNeedsU32 = "CONFIG_NET_CLS_U32 (module cls_u32)";
constexpr const char* kNeedsMirred =
    "CONFIG_NET_CLS_U32 or CONFIG_NET_ACT_MIRRED (modules cls_u32, act_mirred)";

struct Kind {
  std::uint16_t priority = 0;
  std::uint16_t protocol = 0;  // of Ethernet
};

tcmsg filter_header(const Link& link, std::uint32_t parent, const Kind& kind) {
  tcmsg header = traffic_header(link, {.parent = parent});
  header.tcm_info =
      TC_H_MAKE(static_cast<std::uint32_t>(kind.priority) << 16U, htons(kind.protocol));
  return header;
}

std::uint16_t protocol_of(base::Family family) {
  return family == base::Family::kIpv4 ? ETH_P_IP : ETH_P_IPV6;
}

void put_keys(MessageBuilder& builder, const std::vector<Filter::Key>& keys) {
  std::vector<char> bytes(sizeof(tc_u32_sel) + keys.size() * sizeof(tc_u32_key));
  tc_u32_sel selector{};
  selector.flags = TC_U32_TERMINAL;
  selector.nkeys = static_cast<unsigned char>(keys.size());
  std::memcpy(bytes.data(), &selector, sizeof selector);
  char* place = bytes.data() + sizeof selector;
  for (const Filter::Key& key : keys) {
    tc_u32_key raw{};
    raw.mask = key.mask;
    raw.val = key.value;
    raw.off = key.offset;
    std::memcpy(place, &raw, sizeof raw);
    place += sizeof raw;
  }
  builder.put(TCA_U32_SEL, bytes.data(), bytes.size());
}

void put_redirect(MessageBuilder& builder, const Link& to) {
  builder.nest(TCA_U32_ACT, [&] {
    constexpr int kFirstAction = 1;
    builder.nest(kFirstAction, [&] {
      builder.put_text(TCA_ACT_KIND, "mirred");
      builder.nest(TCA_ACT_OPTIONS, [&] {
        tc_mirred parms{};
        parms.action = TC_ACT_STOLEN;
        parms.eaction = TCA_EGRESS_REDIR;
        parms.ifindex = static_cast<std::uint32_t>(to.index);
        builder.put(TCA_MIRRED_PARMS, &parms, sizeof parms);
      });
    });
  });
}

void read_keys(const Attributes& options, Filter& filter) {
  const auto* selector =
      static_cast<const tc_u32_sel*>(options.data(TCA_U32_SEL, sizeof(tc_u32_sel)));
  if (selector == nullptr) {
    return;
  }
  const std::size_t size = sizeof *selector + selector->nkeys * sizeof(tc_u32_key);
  const auto* bytes = static_cast<const char*>(options.data(TCA_U32_SEL, size));
  if (bytes == nullptr) {
    return;
  }
  filter.keys.reserve(selector->nkeys);
  for (std::size_t i = 0; i < selector->nkeys; ++i) {
    tc_u32_key key{};
    std::memcpy(&key, bytes + sizeof *selector + i * sizeof key, sizeof key);
    filter.keys.push_back({.offset = key.off, .mask = key.mask, .value = key.val});
  }
  filter.matches_all =
      std::ranges::all_of(filter.keys, [](const Filter::Key& key) { return key.mask == 0; });
}

void read_redirect(const Attributes& options, Filter& filter) {
  const Attributes action = options.nested(TCA_U32_ACT).nested(1);
  const auto* parms = static_cast<const tc_mirred*>(
      action.nested(TCA_ACT_OPTIONS).data(TCA_MIRRED_PARMS, sizeof(tc_mirred)));
  if (action.text(TCA_ACT_KIND) == "mirred" && parms != nullptr &&
      parms->eaction == TCA_EGRESS_REDIR) {
    filter.redirect_to = static_cast<int>(parms->ifindex);
  }
}

// Nothing for a message that stands for a table of filters and not for one.
std::optional<Filter> read_filter(const nlmsghdr* message) {
  const auto* header = header_of<tcmsg>(message);
  if (header == nullptr || header->tcm_handle == 0) {
    return std::nullopt;
  }
  const Attributes attributes = Attributes::of(message, sizeof *header);
  Filter filter{.kind = attributes.text(TCA_KIND),
                .priority = static_cast<std::uint16_t>(header->tcm_info >> 16U)};
  if (filter.kind != "u32") {
    return filter;
  }
  const Attributes options = attributes.nested(TCA_OPTIONS);
  if (!options.has(TCA_U32_SEL)) {
    return std::nullopt;
  }
  filter.to = handle_of(options.u32(TCA_U32_CLASSID));
  read_keys(options, filter);
  read_redirect(options, filter);
  return filter;
}

}  // namespace

std::vector<Filter::Key> keys_of(const NetworkFilter& filter) {
  // Of the address in its header (RFC 791, RFC 8200).
  const bool v4 = filter.network.family() == base::Family::kIpv4;
  const bool source = filter.end == AddressEnd::kSource;
  const int start = v4 ? (source ? 12 : 16) : (source ? 8 : 24);
  const base::IpAddress network = filter.network.network();
  std::vector<Filter::Key> keys;
  int bits = filter.network.length();
  for (int at = 0; bits > 0; at += 4, bits -= 32) {
    Filter::Key key{.offset = start + at};
    key.mask = htonl(bits >= 32 ? 0xffffffffU : ~(0xffffffffU >> static_cast<unsigned>(bits)));
    std::memcpy(&key.value, static_cast<const char*>(static_cast<const void*>(network.data())) + at,
                sizeof key.value);
    keys.push_back(key);
  }
  if (keys.empty()) {
    keys.push_back({});  // of any address
  }
  return keys;
}

Request redirect_ingress(const Link& from, const Link& to, std::uint16_t priority) {
  MessageBuilder builder(
      RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL,
      filter_header(from, kIngressFilters, {.priority = priority, .protocol = ETH_P_ALL}));
  builder.put_text(TCA_KIND, "u32");
  builder.nest(TCA_OPTIONS, [&] {
    put_keys(builder, {Filter::Key{}});
    put_redirect(builder, to);
  });
  Request request =
      std::move(builder).finish("redirect what " + from.name + " receives to " + to.name);
  request.needs = kNeedsMirred;
  return request;
}

Request delete_ingress_filters(const Link& link, std::uint16_t priority) {
  Request request = MessageBuilder(RTM_DELTFILTER, 0,
                                   filter_header(link, kIngressFilters,
                                                 {.priority = priority, .protocol = ETH_P_ALL}))
                        .finish("delete the redirection of what " + link.name + " receives");
  request.ok_if_gone = true;
  return request;
}

Request add_network_filter(const Link& link, const NetworkFilter& filter, std::uint16_t priority) {
  MessageBuilder builder(
      RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL,
      filter_header(link, number_of({filter.to.major, 0}),
                    {.priority = priority, .protocol = protocol_of(filter.network.family())}));
  builder.put_text(TCA_KIND, "u32");
  builder.nest(TCA_OPTIONS, [&] {
    builder.put_u32(TCA_U32_CLASSID, number_of(filter.to));
    put_keys(builder, keys_of(filter));
  });
  Request request = std::move(builder).finish("add a filter for " + filter.network.to_string() +
                                              " to " + link.name);
  request.needs = kNeedsU32;
  return request;
}

Request delete_network_filters(const Link& link, std::uint16_t major, base::Family family,
                               std::uint16_t priority) {
  Request request =
      MessageBuilder(RTM_DELTFILTER, 0,
                     filter_header(link, number_of({major, 0}),
                                   {.priority = priority, .protocol = protocol_of(family)}))
          .finish("delete the filters for networks of " + link.name);
  request.ok_if_gone = true;
  return request;
}

base::Result<std::vector<Filter>> Socket::list_filters(const Link& link, Place place) {
  const std::uint32_t parent = place == Place::kRoot ? 0 : kIngressFilters;
  const Request request =
      MessageBuilder(RTM_GETTFILTER, NLM_F_DUMP, traffic_header(link, {.parent = parent}))
          .finish("list the filters of " + link.name);
  std::vector<Filter> filters;
  const std::vector<Answer> answers = TRY(ask(request));
  for (const Answer& answer : answers) {
    if (std::optional<Filter> filter = read_filter(as_message(answer))) {
      filters.push_back(*std::move(filter));
    }
  }
  return filters;
}

}  // namespace catena::netlink
