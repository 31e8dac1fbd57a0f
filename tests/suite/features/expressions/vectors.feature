Feature: Similarity of vectors

  Scenario Outline: [1] What they give
    Given an empty graph
    When executing query:
      """
      RETURN <call> AS x
      """
    Then the result should be, in any order:
      | x        |
      | <result> |
    And no side effects

    @source:cypher/functions/vector#functions-similarity-euclidean
    Examples:
      | call | result |
      | round(vector.similarity.euclidean([4.0, 5.0, 6.0], [2.0, 8.0, 3.0]), 6) | 0.043478 |
      | round(vector.similarity.euclidean([4.0, 5.0, 6.0], [1.0, 4.0, 2.0]), 6) | 0.037037 |
      | vector.similarity.euclidean([1, 2], [1, 2]) | 1.0 |
      | vector.similarity.euclidean(null, [1]) | null |
      | vector.similarity.euclidean([1], null) | null |

    @source:cypher/functions/vector#functions-similarity-cosine
    Examples:
      | call | result |
      | vector.similarity.cosine([1, 0], [0, 1]) | 0.5 |
      | vector.similarity.cosine([2, 0], [1.5, 0]) | 1.0 |
      | vector.similarity.cosine([1, 0], [-1, 0]) | 0.0 |
      | vector.similarity.cosine(null, null) | null |

  Scenario Outline: [2] Arguments of a wrong type
    Given an empty graph
    And parameters are:
      | n | 5 |
    When executing query:
      """
      RETURN <call> AS x
      """
    Then a TypeError should be raised at runtime: InvalidArgumentValue

    @source:cypher/functions/vector
    Examples:
      | call |
      | vector.similarity.cosine($n, [1]) |
      | vector.similarity.cosine([1], ['a']) |
      | vector.similarity.euclidean([1], [null]) |

  Scenario Outline: [3] What cannot be compared
    Given an empty graph
    And parameters are:
      | n | 5 |
    When executing query:
      """
      RETURN <call> AS x
      """
    Then a ArgumentError should be raised at runtime: InvalidArgumentValue

    @source:cypher/functions/vector
    Examples:
      | call |
      | vector.similarity.cosine([1], [1, 2]) |
      | vector.similarity.cosine([0, 0], [1, 2]) |
      | vector.similarity.euclidean([], []) |
      | vector.similarity.euclidean([1.0/0.0], [1]) |
