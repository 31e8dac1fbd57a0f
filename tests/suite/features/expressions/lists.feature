Feature: Functions of lists

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

    @source:cypher/functions/list#functions-coll-distinct
    Examples:
      | call | result |
      | coll.distinct([1, 3, 2, 4, 2, 3, 1]) | [1, 3, 2, 4] |
      | coll.distinct([1, true, true, null, 'a', false, true, 1, null]) | [1, true, null, 'a', false] |
      | coll.distinct([1, 1.0, 2, '2', [1], [1]]) | [1, 2, '2', [1]] |
      | coll.distinct([]) | [] |
      | coll.distinct(null) | null |

    @source:cypher/functions/list#functions-coll-flatten
    Examples:
      | call | result |
      | coll.flatten(['a', ['b', ['c']]]) | ['a', 'b', ['c']] |
      | coll.flatten(['a', ['b', ['c']]], 2) | ['a', 'b', 'c'] |
      | coll.flatten([1, [2, [3]]], 0) | [1, [2, [3]]] |
      | coll.flatten([1, [2, [3]], [], null], 9) | [1, 2, 3, null] |
      | coll.flatten(null) | null |
      | coll.flatten([1], null) | null |

    @source:cypher/functions/list#functions-coll-indexOf
    Examples:
      | call | result |
      | coll.indexOf(['a', 'b', 'c', 'c'], 'c') | 2 |
      | coll.indexOf([1, 'b', false], 4.3) | -1 |
      | coll.indexOf([1, 2, 1.0], 1.0) | 0 |
      | coll.indexOf([null, 1], 1) | 1 |
      | coll.indexOf([1, null], null) | null |
      | coll.indexOf(null, 1) | null |

    @source:cypher/functions/list#functions-coll-insert
    Examples:
      | call | result |
      | coll.insert([true, 'a', 1, 5.4], 1, false) | [true, false, 'a', 1, 5.4] |
      | coll.insert([1, 2], 2, 3) | [1, 2, 3] |
      | coll.insert([], 0, 1) | [1] |
      | coll.insert([1, 2], 1, null) | [1, null, 2] |
      | coll.insert([1, 2], null, 3) | null |
      | coll.insert(null, 0, 3) | null |

    @source:cypher/functions/list#functions-coll-max
    Examples:
      | call | result |
      | coll.max([true, 'a', 1, 5.4]) | 5.4 |
      | coll.max([]) | null |
      | coll.max(null) | null |
      | coll.max([1, null]) | null |
      | coll.max([[1], [1, 2], [0, 9]]) | [1, 2] |

    @source:cypher/functions/list#functions-coll-min
    Examples:
      | call | result |
      | coll.min([true, 'a', 1, 5.4]) | 'a' |
      | coll.min([]) | null |
      | coll.min([3, 1, 2]) | 1 |
      | coll.min([null, 3]) | 3 |

    @source:cypher/functions/list#functions-coll-remove
    Examples:
      | call | result |
      | coll.remove([true, 'a', 1, 5.4], 1) | [true, 1, 5.4] |
      | coll.remove([1, 2], 1) | [1] |
      | coll.remove([1, 2], null) | null |
      | coll.remove(null, 0) | null |

    @source:cypher/functions/list#functions-coll-sort
    Examples:
      | call | result |
      | coll.sort([true, 'a', 1, 2]) | ['a', true, 1, 2] |
      | coll.sort([3, 1, null, 2]) | [1, 2, 3, null] |
      | coll.sort([]) | [] |
      | coll.sort(null) | null |

    @source:cypher/functions/scalar
    Examples:
      | call | result |
      | cardinality([1, 2]) | 2 |
      | cardinality({a: 1}) | 1 |
      | cardinality(null) | null |

  Scenario Outline: [2] Arguments of a wrong type
    Given an empty graph
    And parameters are:
      | n | 5 |
    When executing query:
      """
      RETURN <call> AS x
      """
    Then a TypeError should be raised at runtime: InvalidArgumentValue

    @source:cypher/functions/list
    Examples:
      | call |
      | coll.distinct($n) |
      | coll.sort($n) |
      | coll.max($n) |
      | coll.flatten([1], 'a') |
      | coll.remove([1], 1.0) |
      | coll.insert([1], 'a', 2) |
      | coll.indexOf($n, 1) |
      | cardinality($n) |

  Scenario Outline: [3] Positions that are none
    Given an empty graph
    And parameters are:
      | n | 5 |
    When executing query:
      """
      RETURN <call> AS x
      """
    Then a ArgumentError should be raised at runtime: NumberOutOfRange

    @source:cypher/functions/list
    Examples:
      | call |
      | coll.flatten([1], -1) |
      | coll.insert([1, 2, 3], 4, 'x') |
      | coll.insert([1, 2, 3], -1, 'x') |
      | coll.remove([1, 2, 3], 3) |
      | coll.remove([1, 2, 3], -1) |
      | coll.remove([], 0) |
