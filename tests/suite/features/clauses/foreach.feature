@source:cypher/clauses/foreach
Feature: FOREACH - changes for each item of a list

  Scenario: [1] Nodes of a path are marked
    Given an empty graph
    And having executed:
      """
      CREATE (:P {name: 'a'})-[:K]->(:P {name: 'b'})-[:K]->(:P {name: 'c'})
      """
    When executing query:
      """
      MATCH p = ({name: 'a'})-[:K*]->({name: 'c'}) FOREACH (n IN nodes(p) | SET n.marked = true)
      """
    Then the result should be empty
    And the side effects should be:
      | +properties | 3 |

  Scenario: [2] Several clauses, and one inside another
    Given an empty graph
    When executing query:
      """
      FOREACH (i IN [1, 2] | CREATE (:A {i: i}) FOREACH (j IN [1, 2] | CREATE (:B {k: i * j})))
      """
    Then the result should be empty
    And the side effects should be:
      | +nodes      | 6 |
      | +labels     | 2 |
      | +properties | 6 |

  Scenario: [3] INSERT stands inside as CREATE does
    Given an empty graph
    When executing query:
      """
      UNWIND [1, 2] AS x FOREACH (i IN range(1, x) | INSERT (:A)) RETURN x
      """
    Then the result should be, in any order:
      | x |
      | 1 |
      | 2 |
    And the side effects should be:
      | +nodes  | 3 |
      | +labels | 1 |

  Scenario: [4] Of null nothing is done
    Given an empty graph
    When executing query:
      """
      FOREACH (i IN null | CREATE (:A))
      """
    Then the result should be empty
    And no side effects

  Scenario Outline: [5] Reading clauses do not stand inside
    Given an empty graph
    When executing query:
      """
      FOREACH (i IN [1] | <clause>)
      """
    Then a SyntaxError should be raised at compile time: InvalidClauseComposition

    Examples:
      | clause       |
      | MATCH (n)    |
      | LET x = 1    |
      | FILTER true  |
      | FINISH       |

  Scenario: [6] Its variable ends with it
    Given an empty graph
    When executing query:
      """
      FOREACH (i IN [1] | CREATE (:A)) RETURN i
      """
    Then a SyntaxError should be raised at compile time: UndefinedVariable
