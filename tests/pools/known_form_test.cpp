// What upstreams turned out to have is known once somebody was told, by every thread, and until somebody is told otherwise.
#include "pools/known_form.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "pools/made_snapshot.hpp"

using weir::dialect::hub::spoke;
using weir::pools::known_form;

TEST(KnownForm, IsNothingUntilItIsNoted) {
    known_form form;
    EXPECT_EQ(form.get(), std::nullopt);
    for (const auto s : {spoke::chat, spoke::responses}) {
        form.note(s);
        EXPECT_EQ(form.get(), s);
    }
}

TEST(KnownForm, IsSeenByWhoeverComesLater) {
    known_form form;
    std::thread{[&] { form.note(spoke::responses); }}.join();
    EXPECT_EQ(form.get(), spoke::responses);
}

TEST(KnownForm, IsKeptWhereNobodySaysWhatAPoolOfOpenaisSpeaksAndForgottenAtAReload) {
    weir::net::resolver names{weir::net::resolver::settings{.threads = 0}};
    const std::string conf =
        "pools:\n"
        "  assumed: {upstreams: [{url: \"http://127.0.0.1:1\"}]}\n"
        "  said: {speaks: [chat, responses], upstreams: [{url: \"http://127.0.0.1:1\"}]}\n"
        "  claude: {dialect: anthropic, upstreams: [{url: \"http://127.0.0.1:1\"}]}\n"
        "routes: [{models: [\"*\"], pool: assumed}]\n";
    const auto view = weir::test::made_snapshot(conf, names);
    std::size_t kept = 0;
    for (const auto& pool : view->pools) {
        EXPECT_EQ(pool.form != nullptr, pool.conf->name == "assumed") << pool.conf->name;
        if (!pool.form) continue;
        ++kept;
        pool.form->note(spoke::responses);
    }
    EXPECT_EQ(kept, 1u);
    const auto later = weir::test::made_snapshot(conf, names, view.get());
    for (const auto& pool : later->pools) {
        if (pool.form) {
            EXPECT_EQ(pool.form->get(), std::nullopt);
        }
    }
}
