#include "common/netlink/rule.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <utility>
#include <vector>

#include "common/netlink/message.h"
#include "common/netlink/socket.h"

namespace catena::netlink {
namespace {

std::string text_of(const Rule& rule) {
  std::string text = rule.family == base::Family::kIpv4 ? "IPv4 rule " : "IPv6 rule ";
  text += std::to_string(rule.priority);
  if (rule.from) {
    text += " from " + rule.from->to_string();
  }
  if (rule.to) {
    text += " to " + rule.to->to_string();
  }
  if (!rule.in_interface.empty()) {
    text += " iif " + rule.in_interface;
  }
  if (rule.mark_mask != 0) {
    text += " fwmark " + std::to_string(rule.mark) + "/" + std::to_string(rule.mark_mask);
  }
  return text + " lookup " + std::to_string(rule.table);
}

Request build(int type, int flags, const Rule& rule, const std::string& verb) {
  fib_rule_hdr header{};
  header.family = address_family(rule.family);
  header.action = FR_ACT_TO_TBL;
  header.table = header_table(rule.table);
  header.src_len = rule.from ? static_cast<std::uint8_t>(rule.from->length()) : 0;
  header.dst_len = rule.to ? static_cast<std::uint8_t>(rule.to->length()) : 0;
  MessageBuilder builder(type, flags, header);
  builder.put_u32(FRA_PRIORITY, rule.priority);
  builder.put_u32(FRA_TABLE, rule.table);
  builder.put_u8(FRA_PROTOCOL, rule.protocol);
  if (rule.from) {
    builder.put_address(FRA_SRC, rule.from->address());
  }
  if (rule.to) {
    builder.put_address(FRA_DST, rule.to->address());
  }
  if (rule.mark_mask != 0) {
    builder.put_u32(FRA_FWMARK, rule.mark);
    builder.put_u32(FRA_FWMASK, rule.mark_mask);
  }
  if (!rule.in_interface.empty()) {
    builder.put_text(FRA_IIFNAME, rule.in_interface);
  }
  return std::move(builder).finish(verb + text_of(rule));
}

std::optional<base::Prefix> prefix_of(const Attributes& attributes, int type, int length) {
  const std::optional<base::IpAddress> address = attributes.address(type);
  if (!address || length > address->bits()) {
    return std::nullopt;
  }
  return base::Prefix(*address, length);
}

std::optional<Rule> read_rule(const nlmsghdr* message) {
  const auto* header = header_of<fib_rule_hdr>(message);
  const auto family = header != nullptr ? family_of(header->family) : std::nullopt;
  if (!family) {
    return std::nullopt;
  }
  const Attributes attributes = Attributes::of(message, sizeof *header);
  return Rule{
      .family = *family,
      .priority = attributes.u32(FRA_PRIORITY),
      .table = attributes.has(FRA_TABLE) ? attributes.u32(FRA_TABLE) : header->table,
      .from = prefix_of(attributes, FRA_SRC, header->src_len),
      .to = prefix_of(attributes, FRA_DST, header->dst_len),
      .mark = attributes.u32(FRA_FWMARK),
      .mark_mask = attributes.u32(FRA_FWMASK),
      .in_interface = attributes.text(FRA_IIFNAME),
      .protocol = attributes.u8(FRA_PROTOCOL),
  };
}

}  // namespace

Request add_rule(const Rule& rule) {
  Request request = build(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule, "add ");
  request.ok_if_exists = true;
  return request;
}

Request delete_rule(const Rule& rule) {
  Request request = build(RTM_DELRULE, 0, rule, "delete ");
  request.ok_if_gone = true;
  return request;
}

base::Result<std::vector<Rule>> Socket::list_rules() {
  const Request request =
      MessageBuilder(RTM_GETRULE, NLM_F_DUMP, fib_rule_hdr{}).finish("list rules");
  std::vector<Rule> rules;
  const std::vector<Answer> answers = TRY(ask(request));
  for (const Answer& answer : answers) {
    if (std::optional<Rule> rule = read_rule(as_message(answer))) {
      rules.push_back(*std::move(rule));
    }
  }
  return rules;
}

}  // namespace catena::netlink
