"""Cases of the losses of whole vectors: CosineEmbedding and the two triplets."""
from textbook_cases import zero_size

NONE = {"reduction": "none"}
FULL_AT_MARGIN = "exactly at the margin the full gradient passes"
DISTANCES = ("euclidean", "squared_euclidean", "manhattan", "chebyshev", "minkowski", "cosine")


def cosine_embedding(cases):
    draw = cases.draw

    def roles():
        return {"input1": draw.real(4, 3), "input2": draw.real(4, 3), "target": draw.pick(4, among=(-1, 1))}

    cases.common(roles, (4,), gradient="input2")
    for margin in (0.5, -0.5, 1, -1):
        cases.both(f"margin {margin}", options={"margin": margin}, **roles())
    cases.add("unbatched", input1=draw.real(3), input2=draw.real(3), target=-1)
    cases.add("unbatched, none, grad_output", input1=draw.real(3), input2=draw.real(3), target=1, options=NONE,
              grad_output=-1.5)
    cases.add("D = 1 is a product of signs", input1=[[0.5], [-2.0]], input2=[[3.0], [0.25]], target=[1, -1], kink=True)
    cases.both("input2 of one row broadcasts", input1=draw.real(3, 2), input2=draw.real(1, 2), target=[1, -1, 1],
               options={"broadcast": True})
    cases.empty(input1=zero_size(0, 3), input2=zero_size(0, 3), target=zero_size(0))
    for eps in (1e-3, 2):
        cases.both(f"eps {eps}", options={"eps": eps}, **roles())
    zero = {"input1": [[0.0, 0.0], [1.0, 2.0], [0.0, 0.0]], "input2": [[1.0, 2.0], [0.0, 0.0], [0.0, 0.0]]}
    for y in (1, -1):
        cases.add(f"a zero vector, y {y}", target=[y] * 3, options=NONE, kink=True,
                  why="eps 0: the cosine of a zero vector is 0, its gradient 0", **zero)
    cases.add("a zero vector under pytorch's eps", target=[1, 1, -1], kink=True,
              options={"definition": "pytorch", "reduction": "none"}, **zero)
    cases.both("orthogonal at margin 0", input1=[[1.0, 0.0], [3.0, 4.0]], input2=[[0.0, 2.0], [-4.0, 3.0]],
               target=[-1, -1], options=NONE, kink=True, why=FULL_AT_MARGIN)
    cases.add("parallel and opposite", input1=[[3.0, 4.0]] * 4, input2=[[6.0, 8.0], [-3.0, -4.0]] * 2,
              target=[1, 1, -1, -1], options=NONE, kink=True)
    cases.add("nearly parallel", input1=[[1.0, 1e-5]], input2=[[1.0, 0.0]], target=[1])
    cases.add("at 1e200", input1=[[3e200, 4e200]], input2=[[5e200, -1e200]], target=[1],
              why="scaled: the squares overflow; torch gives NaN")
    cases.add("at 1e-200", input1=[[3e-200, 4e-200]], input2=[[5e-200, -1e-200]], target=[1], kink=True,
              why="scaled: the squares vanish")
    cases.add("at 1e300 and 1e-300", input1=[[3e300, 4e300]], input2=[[5e-300, 1e-300]], target=[-1], kink=True,
              gradients=None, why="scaled: the squares overflow and vanish")
    cases.add("far from the margin, of the shortest vectors", input1=[[3.0, 4.0]], input2=[[5e-324, -5e-324]], target=[-1],
              kink=True, why="the gradient is 0, though the cosine's own is infinite")
    cases.both("NaN reaches its row only", input1=[["NaN", 1.0], [1.0, 2.0], [0.5, 1.0]],
               input2=[[1.0, 2.0], [1.0, "NaN"], [2.0, 1.0]], target=[1, -1, -1], options=NONE,
               why="a NaN loss has NaN gradients in both vectors")
    cases.add("left-out rows are not used", input1=[["NaN", 1.0], ["Infinity", 2.0], [0.5, 1.0]],
              input2=[[1.0, 2.0], [1.0, 2.0], [2.0, 1.5]], target=[1, -1, -1], sample_weight=[0, 0, 2])
    cases.add("integer targets", input1=draw.real(2, 2), input2=draw.real(2, 2),
              target={"dtype": "int64", "shape": [2], "data": [1, -1]})


def vectors(anchor, positive, negative):
    return {"anchor": anchor, "positive": positive, "negative": negative}


def triplets(cases):
    """Cases that both triplets share; returns what draws three batches of vectors."""
    draw = cases.draw

    def roles():
        return vectors(draw.real(3, 3), draw.real(3, 3), draw.real(3, 3))

    cases.common(roles, (3,), gradient="positive")
    for margin in (0, 0.5, 10, -0.25):
        cases.both(f"margin {margin}", options={"margin": margin}, **roles())
    cases.both("swap", options={"swap": True, "margin": 5}, **roles())
    cases.add("unbatched", options={"margin": 5}, **vectors(draw.real(3), draw.real(3), draw.real(3)))
    cases.add("unbatched, none, grad_output", options=NONE | {"margin": 5}, grad_output=-1.5,
              **vectors(draw.real(3), draw.real(3), draw.real(3)))
    cases.add("two batch axes", options=NONE | {"margin": 5}, grad_output=draw.real(2, 2),
              sample_weight=[[1], [0.5]], **vectors(draw.real(2, 2, 2), draw.real(2, 2, 2), draw.real(2, 2, 2)))
    cases.add("D = 1", options={"margin": 5}, **vectors(draw.real(2, 1), draw.real(2, 1), draw.real(2, 1)))
    cases.both("one anchor for all broadcasts", options={"broadcast": True, "margin": 5, "swap": True},
               **vectors(draw.real(1, 2), draw.real(3, 2), draw.real(3, 2)))
    empty = zero_size(0, 3)
    cases.empty(**vectors(empty, empty, empty))
    cases.both("NaN reaches its row only", options=NONE, why="a NaN loss has NaN gradients in all three vectors",
               **vectors([["NaN", 1.0], [1.0, 2.0], [0.5, 1.0]], [[1.0, 2.0], [1.0, "NaN"], [2.0, 1.0]],
                         [[1.0, 3.0], [1.0, 1.0], [2.0, 1.5]]))
    cases.add("left-out rows are not used", sample_weight=[0, 0, 2], options={"margin": 3},
              **vectors([["NaN", 1.0], ["Infinity", 2.0], [0.5, 1.0]], [[1.0, 2.0], [1.0, 2.0], [2.0, 1.0]],
                        [[1.0, 2.0], ["Infinity", 2.0], [2.0, 1.5]]))
    cases.add("integer positives have no gradient", options={"margin": 3}, anchor=[[0.5, 1.0]],
              positive={"dtype": "int64", "shape": [1, 2], "data": [1, 2]}, negative=[[1.5, 0.25]])
    return roles


def triplet_margin(cases):
    roles = triplets(cases)
    for squared in (False, True):
        for p in (1, 1.5, 3, "Infinity"):
            cases.add(f"p {p}, squared {squared}".lower(), options={"p": p, "squared": squared, "margin": 5}, **roles())
        cases.add(f"swap, squared {squared}, p 3".lower(), **roles(),
                  options={"p": 3, "squared": squared, "margin": 5, "swap": True})
    cases.add("p 0.5", options={"p": 0.5, "squared": False, "margin": 30}, **roles())
    for p in (1, 3, "Infinity"):
        cases.add(f"pytorch, p {p}", options={"definition": "pytorch", "p": p, "margin": 5}, **roles())
    cases.both("eps 0.25", options={"eps": 0.25, "margin": 5, "swap": True}, **roles())
    for squared, margin in ((True, 11), (False, 1)):
        cases.both(f"exactly at the margin, squared {squared}".lower(), kink=True, why=FULL_AT_MARGIN,
                   options={"squared": squared, "margin": margin, "eps": 0},
                   **vectors([[0.0, 0.0]], [[3.0, 4.0]], [[6.0, 0.0]]))
    cases.add("exactly at the margin, squares whose roots round", kink=True, why=FULL_AT_MARGIN,
              **vectors([[0.0, -1.0]], [[-3.0, -1.0]], [[-1.0, 2.0]]))
    tie = vectors([[0.0, 0.0]], [[2.0, 0.0]], [[1.0, 0.0]])
    for squared in (False, True):
        cases.both(f"a tie of swap, squared {squared}".lower(), kink=True, why="a tie of swap halves the gradient",
                   options={"swap": True, "squared": squared, "eps": 0}, **tie)
    for p in (1, 1.5, 2, 3, "Infinity"):
        same = vectors([[0.5, 1.0], [0.5, 1.0]], [[0.5, 1.0], [0.5, 2.0]], [[2.0, 1.0], [0.5, 1.0]])
        for squared in (False, True):
            cases.add(f"equal vectors and zero coordinates, p {p}, squared {squared}".lower(), kink=True,
                      options=NONE | {"p": p, "squared": squared, "margin": 5}, **same,
                      why="a norm at the zero vector and |.|^p at a zero coordinate have gradient 0")
    cases.add("a zero coordinate, p 0.5", kink=True, options={"p": 0.5, "squared": False, "margin": 5},
              why="|.|^p at a zero coordinate has gradient 0",
              **vectors([[0.5, 1.0]], [[0.5, 2.0]], [[2.0, 1.0]]))
    cases.add("ties of the maximum norm", kink=True, options={"p": "Infinity", "squared": False, "margin": 5},
              why="ties of the maximum norm split the gradient equally",
              **vectors([[0.0, 0.0, 0.0]], [[2.0, -2.0, 1.0]], [[1.0, 1.0, -1.0]]))
    for p in (1, 2, 3, "Infinity"):
        cases.add(f"norms at 1e200, p {p}", kink=True, options=NONE | {"p": p, "squared": False},
                  why="scaled: the powers overflow; torch gives infinity",
                  **vectors([[3e200, 4e200]], [[-5e200, 0.0]], [[1e200, 1e200]]))
        cases.add(f"norms at 1e-200, p {p}", kink=True, options=NONE | {"p": p, "squared": False},
                  why="scaled: the powers vanish",
                  **vectors([[3e-200, 4e-200]], [[-5e-200, 1e-200]], [[1e-200, 2e-200]]))
    for p in (64.5, 1e4, 1e17, 1e300):
        for squared in (False, True):
            cases.add(f"ties and one less, p {p:g}, squared {squared}".lower(), options={"p": p, "squared": squared, "margin": 5},
                      why="large powers: the norm rounds to its largest coordinate, the gradient is still shared",
                      **vectors([[0.0, 0.0, 0.0]], [[2.0, -2.0, 1.999755859375]], [[1.0, 0.5, -1.0]]), kink=True)
    cases.add("squared overflows to infinity", kink=True, **vectors([[1e200, 0.0]], [[0.0, 0.0]], [[1e200, 1.0]]))


def triplet_with_distance(cases):
    roles = triplets(cases)
    for distance in DISTANCES:
        options = {"distance": distance, "margin": 2}
        cases.both(f"{distance}", options=options, **roles())
        cases.both(f"{distance}, swap, none", options=options | NONE | {"swap": True},
                   grad_output=cases.draw.real(3), **roles())
        cases.add(f"{distance}, sum, sample_weight", options=options | {"reduction": "sum"},
                  sample_weight=[1, 0, 2.5], **roles())
        cases.add(f"{distance}, D = 4, unbatched", options=options,
                  **vectors(cases.draw.real(4), cases.draw.real(4), cases.draw.real(4)))
    for p in (1, 1.5, 3):
        cases.both(f"minkowski, p {p}", options={"distance": "minkowski", "p": p, "margin": 2}, **roles())
    for distance in ("euclidean", "minkowski"):
        cases.add(f"{distance}, eps 0.25", options={"distance": distance, "eps": 0.25, "margin": 2}, **roles())
    cases.add("squared_euclidean, exactly at the margin, squares whose roots round", kink=True, why=FULL_AT_MARGIN,
              options={"distance": "squared_euclidean"}, **vectors([[0.0, -1.0]], [[-3.0, -1.0]], [[-1.0, 2.0]]))
    same = vectors([[0.5, 1.0], [0.5, 1.0]], [[0.5, 1.0], [0.5, 2.0]], [[2.0, 1.0], [0.5, 1.0]])
    for distance in DISTANCES[:5]:
        cases.add(f"{distance}, equal vectors and zero coordinates", options=NONE | {"distance": distance, "margin": 5},
                  kink=True, why="a norm at the zero vector and |.| at 0 have gradient 0", **same)
    cases.add("cosine, zero vectors", options=NONE | {"distance": "cosine"}, kink=True,
              why="the cosine of a zero vector is 0, its gradient 0",
              **vectors([[0.0, 0.0], [1.0, 2.0], [1.0, 2.0]], [[1.0, 1.0], [0.0, 0.0], [1.0, 1.0]],
                        [[2.0, 1.0], [3.0, 1.0], [0.0, 0.0]]))
    cases.add("cosine at 1e200 and 1e-200", options=NONE | {"distance": "cosine"}, kink=True, gradients=["anchor"],
              why="scaled: the squares overflow or vanish",
              **vectors([[1.0, 2.0]], [[3e200, 4e200]], [[3e-200, 1e-200]]))
    cases.add("chebyshev, ties", options={"distance": "chebyshev"}, kink=True,
              why="ties of the maximum norm split the gradient equally",
              **vectors([[0.0, 0.0, 0.0]], [[2.0, -2.0, 1.0]], [[1.0, 1.0, -1.0]]))
    for distance in ("euclidean", "squared_euclidean", "manhattan", "chebyshev"):
        cases.add(f"{distance}, a tie of swap", options={"distance": distance, "swap": True, "margin": 4}, kink=True,
                  why="a tie of swap halves the gradient", **vectors([[0.0, 0.0]], [[2.0, 0.0]], [[1.0, 0.0]]))
    for distance, margin in (("euclidean", 1), ("manhattan", -1), ("chebyshev", 2), ("squared_euclidean", 11)):
        cases.add(f"{distance}, exactly at the margin", options={"distance": distance, "margin": margin}, kink=True,
                  why=FULL_AT_MARGIN, **vectors([[0.0, 0.0]], [[3.0, 4.0]], [[6.0, 0.0]]))
    for distance in ("euclidean", "manhattan", "chebyshev", "minkowski"):
        options = NONE | {"distance": distance} | ({"p": 3} if distance == "minkowski" else {})
        cases.add(f"{distance} at 1e200", options=options, kink=True, why="scaled: powers overflow",
                  **vectors([[3e200, 4e200]], [[-5e200, 0.0]], [[1e200, 1e200]]))
        cases.add(f"{distance} at 1e-200", options=options, kink=True, why="scaled: powers vanish",
                  **vectors([[3e-200, 4e-200]], [[-5e-200, 1e-200]], [[1e-200, 2e-200]]))


CASES = {
    "CosineEmbeddingLoss": cosine_embedding, "TripletMarginLoss": triplet_margin,
    "TripletMarginWithDistanceLoss": triplet_with_distance,
}
