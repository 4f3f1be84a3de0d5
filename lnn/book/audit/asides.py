"""Sentences of the report that no item quotes, and why: they state no fact that could fail.

Each is named by its opening words. With the items' quotations they cover the report, which a test
checks sentence by sentence where its text is at hand. Headings and scraps of less than five words
are left out.
"""

ASIDES = {
    "what the subject is, and an opinion of it": (
        "Neural Networks are a very popular",
        "With the amazing achievements of neural",
        "Yet, the gap between what is",
        "Thankfully, research is rapidly catching up",
        "By simplifying the model while preserving",
        "The proof of this result doesn't",
    ),
    "what the report sets out to do": (
        "Our project focuses primarily on",
        "For the latter 2 topics",
        "We conclude with discussion of",
        "For the following section, we adapt",
        "With this fact, we can move",
        "In this section, we will present",
        "As expressed in the introduction",
        "We attempted to corroborate this result",
        "We aim to find a similar",
        "To accomplish this, we look",
        "To discuss gradient flow in more",
        "We will see an example",
        "We create a numerical experiment",
        "With these definitions, we aim",
        "We also varied the parameters",
        "We wanted to see when",
        "We ran two different experiments",
        "With these results in place",
    ),
    "the setting, or a name, that later statements use": (
        "The way this model learns",
        "Let $x",
        "where $X",
        "We also define the following matrices",
        "Definition Let H be",
        "We initialize our data matrix",
        "with some initial weights",
        "Weight matrices W_1",
        "A tuple of weights have",
        "Assume that the stepsizes",
        "Let $X",
        "and N is the number",
        "Using 5000 epochs",
        "First, instead of having all",
    ),
    "a formula that stands in another item, or the way to one": (
        "We recall definitions about critical points",
        "For a given Y",
        "and \\hat{M} be a minimizer",
        "Take an SVD of",
        "we can decompose",
        "with the M_i all having",
        "Since $",
        "The proof concludes as such",
        "We can find the exact value",
        "Now, to differentiate saddle points",
        "Our loss function then looks",
        "$$",
        "Explicitly, the gradient of the loss",
        "Using the two previous results",
        "Next, we ran the second experiment",
        "The two plots are given",
        "However, if we look",
    ),
    "whom to ask, and the template": (
        "James Chen",
        "36th Conference",
        "Math 273A Final Project",
        "We defer to Lu and Kawaguchi",
    ),
}
"""Opening words, by the reason."""
