#include "common/cloud/paging.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "common/cloud/call_options.h"

namespace catena::cloud {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using nlohmann::json;
using Pages = std::vector<json>;

constexpr std::size_t kMostPages = 1000;
constexpr int kMostRestarts = 3;

Error endless(const Listing& listing, std::string_view why) {
  return Error(ErrorKind::kTryAgain,
               std::string(listing.action) + ": the listing does not end: " + std::string(why))
      .code(kGarbage);
}

// The text or number under `key`; a complaint about it is the caller's.
std::string token_of(const json& page, Complaint& complaint) {
  return Reader(page, complaint).text("NextToken");
}

Result<Pages> by_token(Client& client, const Listing& listing, Params params,
                       const SharedBudget& budget) {
  add_param(params, listing.size_name, std::to_string(listing.size));
  Pages pages;
  Complaint complaint(listing.action);
  std::string token;
  while (pages.size() < kMostPages) {
    Params with_token = params;
    add_param(with_token, "NextToken", token);
    const CallOptions rest = TRY(budget.rest(listing.action));
    pages.push_back(TRY(client.call(listing.product, listing.action, with_token, rest)));
    const std::string next = token_of(pages.back(), complaint);
    TRY(complaint.to_status());
    if (next.empty()) {
      return pages;
    }
    if (next == token) {
      return endless(listing, "NextToken stays the same");
    }
    token = next;
  }
  return endless(listing, std::to_string(kMostPages) + " pages");
}

Result<Pages> by_number(Client& client, const Listing& listing, Params params,
                        const SharedBudget& budget) {
  add_param(params, listing.size_name, std::to_string(listing.size));
  Pages pages;
  Complaint complaint(listing.action);
  std::size_t seen = 0;
  while (pages.size() < kMostPages) {
    Params with_number = params;
    add_param(with_number, "PageNumber", std::to_string(pages.size() + 1));
    const CallOptions rest = TRY(budget.rest(listing.action));
    pages.push_back(TRY(client.call(listing.product, listing.action, with_number, rest)));
    const Reader page(pages.back(), complaint);
    const std::size_t items = page.list(listing.outer, listing.inner).size();
    const auto total = page.number("TotalCount");
    TRY(complaint.to_status());
    seen += items;
    const bool all = total.has_value()
                         ? seen >= static_cast<std::size_t>(std::max<std::int64_t>(*total, 0))
                         : items < static_cast<std::size_t>(listing.size);
    if (items == 0 || all) {
      return pages;
    }
  }
  return endless(listing, std::to_string(kMostPages) + " pages");
}

Result<Pages> all_pages(Client& client, const Listing& listing, const Params& params,
                        const SharedBudget& budget) {
  if (listing.size_name == "PageSize") {
    return by_number(client, listing, params, budget);
  }
  for (int restarts = 0;; ++restarts) {
    Result<Pages> pages = by_token(client, listing, params, budget);
    if (pages.ok() || reaction_to(pages.error()) != Reaction::kRestartListing ||
        restarts == kMostRestarts) {
      return pages;
    }
  }
}

}  // namespace

std::vector<std::vector<std::string>> parts_of(const std::vector<std::string>& ids,
                                               std::size_t most) {
  std::vector<std::vector<std::string>> parts(1);
  for (const std::string& id : ids) {
    if (parts.back().size() == most) {
      parts.emplace_back();
    }
    parts.back().push_back(id);
  }
  return parts;
}

base::Status for_each_item(Client& client, const Listing& listing, const Params& params,
                           const CallOptions& options,
                           const std::function<void(const Reader&)>& take) {
  const SharedBudget budget(client.pace(), without_token(options));
  const Pages pages = TRY(all_pages(client, listing, params, budget));
  Complaint complaint(listing.action);
  for (const json& page : pages) {
    for (const Reader& item : Reader(page, complaint).list(listing.outer, listing.inner)) {
      take(item);
    }
  }
  return complaint.to_status();
}

}  // namespace catena::cloud
