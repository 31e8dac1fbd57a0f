@source:cypher/clauses/set#dynamically-setting-or-updating-a-property
Feature: Properties whose key is computed

  Background:
    Given an empty graph
    And having executed:
      """
      CREATE (:A {v: 1, w: 2})-[:R {v: 3}]->(:B)
      """

  Scenario Outline: [1] SET
    When executing query:
      """
      MATCH (n:A)-[r]->() <set> RETURN n.v AS v, n.w AS w, n.x AS x, r.v AS r
      """
    Then the result should be, in any order:
      | v   | w   | x   | r   |
      | <v> | <w> | <x> | <r> |

    Examples:
      | set                                                    | v    | w | x    | r |
      | SET n['x'] = 5                                         | 1    | 2 | 5    | 3 |
      | SET n['v'] = n['v'] + 1                                | 2    | 2 | null | 3 |
      | SET r['v'] = n.w                                       | 1    | 2 | null | 2 |
      | SET n['v'] = null                                      | null | 2 | null | 3 |
      | WITH n, r, 'x' AS key SET n[key] = [1, key]            | 1    | 2 | [1, 'x'] | 3 |
      | SET n['x'] = 1, n.x = n['x'] + 1                       | 1    | 2 | 2    | 3 |
      | SET (n)[toLower('V')] = 9                              | 9    | 2 | null | 3 |

  Scenario: [2] Every key of a map
    When executing query:
      """
      MATCH (n:A) WITH n, {a: 1, b: 'two'} AS map UNWIND keys(map) AS key SET n[key] = map[key] WITH DISTINCT n RETURN n.a, n.b
      """
    Then the result should be, in any order:
      | n.a | n.b   |
      | 1   | 'two' |

  @source:cypher/clauses/remove
  Scenario: [3] REMOVE
    When executing query:
      """
      MATCH (n:A) UNWIND ['v', 'none'] AS key REMOVE n[key] WITH DISTINCT n RETURN properties(n) AS left
      """
    Then the result should be, in any order:
      | left   |
      | {w: 2} |
    And the side effects should be:
      | -properties | 1 |

  @source:cypher/clauses/merge
  Scenario: [4] After MERGE
    When executing query:
      """
      MERGE (n:C {k: 1}) ON CREATE SET n['made'] = true ON MATCH SET n['made'] = false RETURN n.made
      """
    Then the result should be, in any order:
      | n.made |
      | true   |

  @source:definition
  Scenario: [5] Nothing is set on null
    When executing query:
      """
      OPTIONAL MATCH (n:None) SET n['x'] = 1 RETURN n
      """
    Then the result should be, in any order:
      | n    |
      | null |
    And no side effects

  @source:definition
  Scenario Outline: [6] A key that is no string
    When executing query:
      """
      MATCH (n:A) SET n[<key>] = 1
      """
    Then a SyntaxError should be raised at compile time: InvalidArgumentType

    Examples:
      | key |
      | 1   |
      | [1] |

  @source:definition
  Scenario Outline: [7] One that turns out to be none
    Given parameters are:
      | key | <key> |
    When executing query:
      """
      MATCH (n:A) SET n[$key] = 1
      """
    Then a TypeError should be raised at runtime: InvalidArgumentType

    Examples:
      | key  |
      | 1    |
      | null |

  @source:definition
  Scenario: [8] An element of a list is not set
    When executing query:
      """
      WITH [1, 2] AS list SET list['a'] = 3
      """
    Then a SyntaxError should be raised at compile time: InvalidArgumentType
