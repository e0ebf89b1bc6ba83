// Which events a stream knows again, and when it stops learning. That they mean the same read either way is the test of event_shape.hpp.
#include "dialect/read/stream_shapes.hpp"

#include <gtest/gtest.h>

#include <string>

#include "dialect/read/event_shape.hpp"

using namespace weir::dialect;

namespace {

constexpr auto where = endpoint::chat_completions;

// An event whose shape is that of no other `form`.
std::string event_of(int form, const std::string& text) { return "data: {\"form-" + std::to_string(form) + "\":\"" + text + "\"}\n\n"; }

void learn(stream_shapes& shapes, int form) {
    const std::string event = event_of(form, "text");
    shape_notes notes;
    notes.text(7, std::string_view{event}.substr(event.find("text"), 4));
    shapes.learn(where, event, notes);
}

bool knows(stream_shapes& shapes, int form, const std::string& text = "other words") {
    shape_match seen;
    const std::string event = event_of(form, text);
    const event_shape* const shape = shapes.recognise(event, seen);
    if (shape == nullptr) return false;
    EXPECT_EQ(shape->lane(), 7u);
    EXPECT_EQ(seen.text.text, text);
    return true;
}

}  // namespace

TEST(StreamShapes, KnowsAShapeOnceItWasLearned) {
    stream_shapes shapes{true};
    EXPECT_FALSE(knows(shapes, 1));
    learn(shapes, 1);
    EXPECT_TRUE(knows(shapes, 1));
    EXPECT_FALSE(knows(shapes, 2));
}

TEST(StreamShapes, RemembersTheLastTwo) {
    stream_shapes shapes{true};
    for (const int form : {1, 2}) learn(shapes, form);
    EXPECT_TRUE(knows(shapes, 1)) << "which is the later one now";
    learn(shapes, 3);
    EXPECT_TRUE(knows(shapes, 1));
    EXPECT_FALSE(knows(shapes, 2));
    EXPECT_TRUE(knows(shapes, 3));
}

TEST(StreamShapes, KnowsNothingOfOtherStreams) {
    stream_shapes one{true}, other{true};
    learn(one, 1);
    EXPECT_FALSE(knows(other, 1));
    learn(other, 1);
    EXPECT_TRUE(knows(other, 1));
}

TEST(StreamShapes, StopsLearningWhatIsOfNoUse) {
    stream_shapes shapes{true};
    for (int form = 1; form <= 8; ++form) learn(shapes, 100 + form);
    learn(shapes, 200);
    EXPECT_FALSE(knows(shapes, 200));
    EXPECT_TRUE(knows(shapes, 108)) << "what was learned stays";
    learn(shapes, 201);
    EXPECT_TRUE(knows(shapes, 201)) << "one was of use: learning begins anew";
}

TEST(StreamShapes, LearnsNothingWhereItIsNotInUse) {
    stream_shapes shapes{false};
    learn(shapes, 1);
    EXPECT_FALSE(knows(shapes, 1));
}
