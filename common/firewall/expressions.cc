#include "common/firewall/expressions.h"

namespace catena::firewall {
namespace {

std::uint32_t number_of(Slot slot) { return NFT_REG32_00 + slot; }

}  // namespace

std::string host_order(std::uint32_t number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

void Verdict::write(Attributes& data) const {
  data.nest(NFTA_DATA_VERDICT, [this](Attributes& verdict) {
    verdict.number(NFTA_VERDICT_CODE, static_cast<std::uint32_t>(code));
    if (!chain.empty()) {
      verdict.text(NFTA_VERDICT_CHAIN, chain);
    }
  });
}

template <typename Fill>
Expressions& Expressions::add(std::string_view name, Fill fill) {
  list_.nest(NFTA_LIST_ELEM, [&](Attributes& expression) {
    expression.text(NFTA_EXPR_NAME, name);
    expression.nest(NFTA_EXPR_DATA, fill);
  });
  return *this;
}

Expressions& Expressions::load_meta(nft_meta_keys key, Slot to) {
  return add("meta", [=](Attributes& data) {
    data.number(NFTA_META_KEY, key);
    data.number(NFTA_META_DREG, number_of(to));
  });
}

Expressions& Expressions::load_payload(nft_payload_bases base, std::uint32_t offset,
                                       std::uint32_t size, Slot to) {
  return add("payload", [=](Attributes& data) {
    data.number(NFTA_PAYLOAD_DREG, number_of(to));
    data.number(NFTA_PAYLOAD_BASE, base);
    data.number(NFTA_PAYLOAD_OFFSET, offset);
    data.number(NFTA_PAYLOAD_LEN, size);
  });
}

Expressions& Expressions::load_address(base::Family family, End end, Slot to) {
  const bool source = end == End::kSource;
  if (family == base::Family::kIpv4) {
    return load_payload(NFT_PAYLOAD_NETWORK_HEADER, source ? 12 : 16, 4, to);  // RFC 791, 3.1
  }
  return load_payload(NFT_PAYLOAD_NETWORK_HEADER, source ? 8 : 24, 16, to);  // RFC 8200, 3
}

Expressions& Expressions::load_reverse_path(Slot to) {
  return add("fib", [=](Attributes& data) {
    data.number(NFTA_FIB_DREG, number_of(to));
    data.number(NFTA_FIB_RESULT, NFT_FIB_RESULT_OIF);
    data.number(NFTA_FIB_FLAGS, NFTA_FIB_F_SADDR | NFTA_FIB_F_IIF);
  });
}

Expressions& Expressions::load_source_kind(Slot to) {
  return add("fib", [=](Attributes& data) {
    data.number(NFTA_FIB_DREG, number_of(to));
    data.number(NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
    data.number(NFTA_FIB_FLAGS, NFTA_FIB_F_SADDR);
  });
}

Expressions& Expressions::load_ct(nft_ct_keys key, Slot to) {
  return add("ct", [=](Attributes& data) {
    data.number(NFTA_CT_KEY, key);
    data.number(NFTA_CT_DREG, number_of(to));
  });
}

Expressions& Expressions::change_bits(std::uint32_t keep, std::uint32_t flip, Slot at) {
  return add("bitwise", [=](Attributes& data) {
    data.number(NFTA_BITWISE_SREG, number_of(at));
    data.number(NFTA_BITWISE_DREG, number_of(at));
    data.number(NFTA_BITWISE_LEN, sizeof(std::uint32_t));
    data.nest(NFTA_BITWISE_MASK,
              [=](Attributes& operand) { operand.bytes(NFTA_DATA_VALUE, host_order(keep)); });
    data.nest(NFTA_BITWISE_XOR,
              [=](Attributes& operand) { operand.bytes(NFTA_DATA_VALUE, host_order(flip)); });
  });
}

Expressions& Expressions::store_meta(nft_meta_keys key, Slot from) {
  return add("meta", [=](Attributes& data) {
    data.number(NFTA_META_KEY, key);
    data.number(NFTA_META_SREG, number_of(from));
  });
}

Expressions& Expressions::store_ct(nft_ct_keys key, Slot from) {
  return add("ct", [=](Attributes& data) {
    data.number(NFTA_CT_KEY, key);
    data.number(NFTA_CT_SREG, number_of(from));
  });
}

Expressions& Expressions::compare(nft_cmp_ops op, std::string_view value, Slot from) {
  return add("cmp", [=](Attributes& data) {
    data.number(NFTA_CMP_SREG, number_of(from));
    data.number(NFTA_CMP_OP, op);
    data.nest(NFTA_CMP_DATA, [=](Attributes& operand) { operand.bytes(NFTA_DATA_VALUE, value); });
  });
}

Expressions& Expressions::is_family(base::Family family) {
  const bool v4 = family == base::Family::kIpv4;
  const char number = static_cast<char>(v4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
  return load_meta(NFT_META_NFPROTO).compare(NFT_CMP_EQ, {&number, 1});
}

Expressions& Expressions::in_set(std::string_view set, Slot from) {
  return add("lookup", [=](Attributes& data) {
    data.text(NFTA_LOOKUP_SET, set);
    data.number(NFTA_LOOKUP_SREG, number_of(from));
  });
}

Expressions& Expressions::not_in_set(std::string_view set, Slot from) {
  return add("lookup", [=](Attributes& data) {
    data.text(NFTA_LOOKUP_SET, set);
    data.number(NFTA_LOOKUP_SREG, number_of(from));
    data.number(NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
  });
}

Expressions& Expressions::verdict_of(std::string_view map, Slot from) {
  return add("lookup", [=](Attributes& data) {
    data.text(NFTA_LOOKUP_SET, map);
    data.number(NFTA_LOOKUP_SREG, number_of(from));
    data.number(NFTA_LOOKUP_DREG, NFT_REG_VERDICT);
  });
}

Expressions& Expressions::verdict(const Verdict& verdict) {
  return add("immediate", [&verdict](Attributes& data) {
    data.number(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    data.nest(NFTA_IMMEDIATE_DATA, [&verdict](Attributes& operand) { verdict.write(operand); });
  });
}

Expressions& Expressions::count(std::string_view counter) {
  return add("objref", [=](Attributes& data) {
    data.number(NFTA_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
    data.text(NFTA_OBJREF_IMM_NAME, counter);
  });
}

Expressions& Expressions::translate_source(const base::IpAddress& address) {
  const Slot slot = 0;
  add("immediate", [&address](Attributes& data) {
    data.number(NFTA_IMMEDIATE_DREG, number_of(slot));
    data.nest(NFTA_IMMEDIATE_DATA, [&address](Attributes& operand) {
      const std::string_view value(reinterpret_cast<const char*>(address.data()), address.size());
      operand.bytes(NFTA_DATA_VALUE, value);
    });
  });
  return add("nat", [&address](Attributes& data) {
    data.number(NFTA_NAT_TYPE, NFT_NAT_SNAT);
    data.number(NFTA_NAT_FAMILY,
                static_cast<std::uint32_t>(address.is_v4() ? NFPROTO_IPV4 : NFPROTO_IPV6));
    data.number(NFTA_NAT_REG_ADDR_MIN, number_of(slot));
  });
}

Expressions& Expressions::masquerade(std::uint32_t flags) {
  return add("masq", [=](Attributes& data) { data.number(NFTA_MASQ_FLAGS, flags); });
}

}  // namespace catena::firewall
